"""Rank 3: functions on bytes and text. No database, no network, no job.

The heavy libraries (pypdfium2, numpy, py3langid) are imported inside the functions that need them:
every process that merely knows the job types, the API first of all, starts without their cost.
Errors are this package's own, see `errors.py`; no vendor error leaves it.
"""
