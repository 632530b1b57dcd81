"""Rank 4: who calls, and what they may do. Nothing here knows HTTP."""
