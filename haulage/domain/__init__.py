"""Rank 0: what a job is and what may happen to it. Standard library and pydantic only."""
