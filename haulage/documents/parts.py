"""A long text cut into parts that a model can take, each where a reader would pause.

Promises: the parts, one after the other, are the text, character by character; none is longer than
allowed; time grows linearly with the text.
"""

import re
from dataclasses import dataclass

# The end of a paragraph, of a line, of a sentence, of a word: the last of the first kind found.
_PAUSES = tuple(map(re.compile, (r"\n\s*\n", r"\n", r"[.!?…][»”’\"')]*\s", r"\s")))


@dataclass(frozen=True, slots=True)
class TextPart:
    """`text` as it stands in the whole text from the character `start` on."""

    start: int
    text: str


def cut_into_parts(text: str, most_characters: int) -> list[TextPart]:
    """The parts in order; a text that is short enough is one."""
    if most_characters < 2:
        raise ValueError("a part has room for two characters at least")
    parts: list[TextPart] = []
    start = 0
    while len(text) - start > most_characters:
        end = _cut(text, start + most_characters // 2, start + most_characters)
        parts.append(TextPart(start, text[start:end]))
        start = end
    return [*parts, TextPart(start, text[start:])]


def _cut(text: str, first: int, last: int) -> int:
    """Where to cut between these two places."""
    for pause in _PAUSES:
        ends = [found.end() for found in pause.finditer(text, first, last)]
        if ends:
            return ends[-1]
    return last
