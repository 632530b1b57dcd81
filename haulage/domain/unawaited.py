"""Calls of an async context that nobody awaited.

`ctx.log("…")` without `await` does nothing, and Python says so in the log of the process alone,
where the author of a handler does not look. A context that watches its calls can say it where the
author does.
"""

import inspect
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import PurePath
from typing import Any, TypeAlias, TypeVar, cast

M = TypeVar("M", bound=Callable[..., Coroutine[Any, Any, Any]])

_FIRST_LOOK_AT = 64
_Site: TypeAlias = tuple[str, str, int]


class Calls:
    """The calls of one context that may still be awaited."""

    def __init__(self) -> None:
        self._made: list[tuple[Coroutine[Any, Any, Any], _Site]] = []
        self._look_at = _FIRST_LOOK_AT

    def made(self, call: Coroutine[Any, Any, Any], site: _Site) -> None:
        """Somebody has called: a method's name, and the file and line it was called from."""
        if len(self._made) >= self._look_at:
            # Those that have begun are of no interest. Rarely, so that a call costs no more for
            # the thousands before it.
            self._made = [one for one in self._made if _waits(one[0])]
            self._look_at = max(2 * len(self._made), _FIRST_LOOK_AT)
        self._made.append((call, site))

    def forgotten(self) -> list[str]:
        """What was not awaited and never will be, in words, a line of code once. They are closed:
        Python does not warn of them any more."""
        found: Counter[_Site] = Counter()
        for call, site in self._made:
            if _waits(call):
                call.close()
                found[site] += 1
        self._made.clear()
        return [_said(*site, times) for site, times in found.items()]


def watched(method: M) -> M:
    """An async method whose calls are known to its object's `calls`."""

    @wraps(method)
    def call(*args: Any, **named: Any) -> Any:
        coroutine = method(*args, **named)
        # A line of the handler, as a rule: what it calls by way of others is awaited there.
        frame = sys._getframe(1)  # noqa: SLF001 - the only way to it that costs nothing
        context: Any = args[0]
        context.calls.made(coroutine, (method.__name__, frame.f_code.co_filename, frame.f_lineno))
        return coroutine

    # Not said as what it is, a function of a `Coroutine`: type checkers hold that for less than
    # what an `async def` gives.
    return cast(M, call)


def _waits(call: Coroutine[Any, Any, Any]) -> bool:
    return inspect.getcoroutinestate(call) == inspect.CORO_CREATED


def _said(name: str, file: str, line: int, times: int) -> str:
    how_often = f", {times} times" if times > 1 else ""
    return (
        f"ctx.{name}(…) in {PurePath(file).name}:{line} was called without await{how_often}, "
        f"and did nothing: write `await ctx.{name}(…)`."
    )
