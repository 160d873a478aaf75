"""What benchmarks share; no benchmarks themselves."""
