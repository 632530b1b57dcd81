"""Rank 1: logs, metrics and traces."""
