"""Rank 5: how a job flows from a submit to its end."""
