"""JSON as text. One way to write it, so that equal values make equal text."""

import json
from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python


def dumps(value: Any) -> str:
    """Compact JSON text of plain values, sets and pydantic models.

    Escaped to ASCII, so that no character, a lone surrogate included, can be refused further down.
    Raises `TypeError` for other values and `ValueError` for NaN and infinities, which are no JSON.
    """
    return json.dumps(value, separators=(",", ":"), default=_plain, allow_nan=False)


def canonical(value: Any) -> str:
    """Like `dumps` with sorted keys: equal values give equal text, for digests."""
    return json.dumps(value, separators=(",", ":"), default=_plain, sort_keys=True)


def loads(text: str) -> Any:
    """The inverse of `dumps`."""
    return json.loads(text)


def storable(text: str) -> str:
    """`text` without what a text column refuses: NUL and halves of surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _plain(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        # A set's own order differs from process to process.
        return sorted(value, key=canonical)
    try:
        return to_jsonable_python(value)
    except PydanticSerializationError as error:
        raise TypeError(str(error)) from error
