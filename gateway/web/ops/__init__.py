"""The ops listener: health and metrics, for the operator's monitoring only."""
