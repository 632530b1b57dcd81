"""A terminal that shows what others wrote and obeys none of it.

Tags, errors, log lines and results come from callers, documents and models. A control character in
one could clear the screen, rename the window or write the clipboard of whoever looks; one that
turns the direction of reading could make a line say what it does not. Promises: such a character
is shown as a sign of its own, wherever a command prints it; colours are ours alone.
"""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

# C0 but for the end of a line, DEL and C1, and what turns the direction of reading.
_OBEYED = (*range(0x0A), *range(0x0B, 0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F))
_ISOLATES = range(0x2066, 0x206A)
_SHOWN = dict.fromkeys((*_OBEYED, *_ISOLATES), "\N{REPLACEMENT CHARACTER}")
_IN_JSON = {code: f"\\u{code:04x}" for code in _SHOWN if code >= 0x7F}


def shown(text: str) -> str:
    """`text` with nothing in it that a terminal would obey."""
    return text if text.isprintable() else text.translate(_SHOWN)


def shown_json(text: str) -> str:
    """The same for JSON that is written without escapes, and it means what it did."""
    return text if text.isprintable() else text.translate(_IN_JSON)


class Terminal(Console):
    """Rich's console, for texts of others."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(shown(segment.text), segment.style)
