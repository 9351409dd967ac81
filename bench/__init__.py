"""The measurements behind docs/benchmarks.md: `python -m bench`, or `make bench`."""
