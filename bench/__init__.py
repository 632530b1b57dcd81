"""Measurements: each prints one JSON line with its figures and what they are compared with."""
