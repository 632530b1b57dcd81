"""Benchmarks: each prints one JSON line with its figures and what they are measured against."""
