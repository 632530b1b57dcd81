"""Rank 9: the command line. One file per command group.

`submit`, `jobs` and `types` are HTTP clients and work on the base install; what needs the extras
is imported inside the command that needs it.
"""
