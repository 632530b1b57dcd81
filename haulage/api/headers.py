"""Header lines of a request, as the server hands them over: names in small letters.

Each look through Starlette's `request.headers` decodes all lines anew; the busiest route looks for
six.
"""

from starlette.types import Scope


def line(scope: Scope, name: bytes) -> str | None:
    """The first line called `name`, None when there is none."""
    for its, value in scope["headers"]:
        if its == name:
            return str(value, "latin-1")
    return None


def lines(scope: Scope, name: bytes) -> list[str]:
    """All lines called `name`."""
    return [str(value, "latin-1") for its, value in scope["headers"] if its == name]
