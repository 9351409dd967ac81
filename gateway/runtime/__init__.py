"""Wiring: the only place that builds objects, listens, and reads clocks and signals. Nothing imports it but the CLI."""
