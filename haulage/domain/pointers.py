"""Where in what was sent something does not fit, as JSON pointers (RFC 6901).

Pydantic's locations also name what is in no document: the member of a union that was tried, a
validator, a field of a model that a number stands for. A pointer here leads to a place in what was
sent, or to a field of an object there that is missing.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

_GAP = object()


def pointer_of(location: Sequence[int | str]) -> str:
    """A path into a document as a pointer."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def complaints(error: ValidationError, sent: object) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What does not fit in `sent`, by its pointer.

    Of the members of a union that were tried, those count that fit it furthest; several that fail
    at the same place are told together.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    tried: set[str] = set()
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        location = tuple(item["loc"])
        path = _path(location, sent, missing=item["type"] == "missing")
        pointer = pointer_of(path)
        if len(path) < len(location):
            tried.add(pointer)
        found.setdefault(pointer, []).append(dict(item))
    for pointer, items in found.items():
        if pointer in tried and any(other.startswith(f"{pointer}/") for other in found):
            continue
        yield pointer, items


def _path(location: Sequence[int | str], sent: object, *, missing: bool) -> list[int | str]:
    path: list[int | str] = []
    for number, part in enumerate(location):
        inner = _inside(sent, part)
        if inner is not _GAP:
            path.append(part)
            sent = inner
        elif missing and number == len(location) - 1 and isinstance(sent, Mapping):
            path.append(part)
    return path


def _inside(value: object, part: int | str) -> object:
    if isinstance(value, Mapping):
        return value.get(part, _GAP)
    if isinstance(value, list | tuple) and isinstance(part, int) and part < len(value):
        return value[part]
    # What a handler returned may be an object with fields.
    if isinstance(part, str) and hasattr(value, "__dict__"):
        return vars(value).get(part, _GAP)
    return _GAP
