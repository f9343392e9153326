"""How fast a check is, and what it costs: `make bench` measures it all in one run and writes docs/benchmarks.md."""
