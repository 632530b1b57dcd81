"""Rank 3: all SQL and all blobs. `database.py` alone commits."""
