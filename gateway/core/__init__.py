"""The rules: pure values and functions. No await, no I/O, no clock, no randomness, no logging, no aiohttp.

`now` and entropy are always parameters, so that every rule can be tested at any moment of any day.
"""
