"""Benchmarks for `stillstream bench`: each module prints its ratios as JSON lines."""
