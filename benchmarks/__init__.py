"""What a check costs, beside what else could answer it: `make bench` runs it all and writes docs/benchmarks.md."""
