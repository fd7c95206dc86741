"""Benchmarks of a running hub, seen over the wire only."""
