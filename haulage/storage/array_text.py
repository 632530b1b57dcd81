"""Columns as PostgreSQL's own text of arrays, for statements that take hundreds of rows.

The driver writes an array element by element in Python, about four times slower than this. What is
written here has to be read by a CAST to the array's type in the statement.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

Plain = UUID | int | float | datetime | None
EMPTY = "{}"


def ids_text(ids: Iterable[UUID]) -> str:
    """A `uuid[]`."""
    return "{" + ",".join([one.hex for one in ids]) + "}"


def array_text(values: Iterable[Plain]) -> str:
    """An array of numbers, booleans or moments; None is NULL."""
    return "{" + ",".join([_plain(value) for value in values]) + "}"


def texts_text(values: Iterable[str | None]) -> str:
    """A `text[]` of any characters that PostgreSQL takes in a text; None is NULL."""
    return "{" + ",".join([_quoted(value) for value in values]) + "}"


def _plain(value: Plain) -> str:
    if value is None:
        return "NULL"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _quoted(value: str | None) -> str:
    if value is None:
        return "NULL"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
