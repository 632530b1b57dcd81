"""Rank 2: where Redis and the broker are, and how to get in."""
