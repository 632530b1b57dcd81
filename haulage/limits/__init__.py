"""Rank 3: how much may be asked of a provider, by whom, and when. Redis keeps the counters.

Promises: a call is let through by all of its limits or by none; nobody polls; what a crash leaves
behind is freed; tenants that wait share fairly. PostgreSQL is reached through ports (`ports.py`).
"""
