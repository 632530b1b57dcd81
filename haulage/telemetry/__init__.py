"""Rank 2: logs and metrics."""
