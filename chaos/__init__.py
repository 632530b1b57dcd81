"""Breaks a running Haulage on purpose and checks that every promise still holds.

`python -m chaos --minutes 10 --seed 7`; what is broken and what is checked is in docs/chaos.md.
"""
