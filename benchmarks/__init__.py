"""Measure the time and the cost of checks. `make bench` runs everything and writes docs/benchmarks.md."""
