"""Rank 3: the one way out to addresses that somebody else named."""
