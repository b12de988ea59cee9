"""Benchmarks: each measures this project and its peers in the same run."""
