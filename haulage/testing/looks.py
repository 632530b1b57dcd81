"""What a handler leaves behind, for a test to look at."""

from typing import Any


class Looked:
    """A list of a fake context. Who looks at it hears of calls that nobody awaited: raises
    `AssertionError`, as what they would have left is missing."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __set__(self, context: Any, value: Any) -> None:
        vars(context)[self._name] = value

    def __get__(self, context: Any, owner: type) -> Any:
        if context is None:
            return self
        if forgotten := context.calls.forgotten():
            raise AssertionError("\n".join(forgotten))
        return vars(context)[self._name]
