"""Alembic's scripts. Each step must let the version before it go on running beside it."""
