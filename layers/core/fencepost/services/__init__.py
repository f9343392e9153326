"""Use cases: each takes its stores as ports and the time as `now`."""
