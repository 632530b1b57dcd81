"""How right a newspaper's extraction is, against what was printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Score:
    """Of `articles` printed, how many were found with each part right to the letter, and the
    bodies' error: edits for each hundred characters."""

    articles: int
    found: int
    titles: int
    subtitles: int
    authors: int
    bodies: int
    cer_median: float
    cer_worst: float

    @property
    def perfect(self) -> bool:
        """Whether every part of every article is right, and there is nothing else."""
        right = (self.titles, self.subtitles, self.authors, self.bodies, self.found)
        return set(right) == {self.articles}


def score(found: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> Score:
    """Each of `wanted` against the one of `found` that is most like it."""
    pairs = [(one, _nearest(one, found)) for one in wanted]
    errors = [
        100 * edits(given["body"], one["body"].strip()) / len(one["body"].strip())
        for one, given in pairs
    ]

    def right(part: str) -> int:
        return sum(given[part] == one[part] for one, given in pairs)

    return Score(
        articles=len(wanted),
        found=len(found),
        titles=right("title"),
        subtitles=right("subtitle"),
        authors=right("author"),
        bodies=sum(error == 0 for error in errors),
        cer_median=median(errors),
        cer_worst=max(errors),
    )


def edits(given: str, wanted: str) -> int:
    """Levenshtein's distance, a row of the table at a time."""
    letters = np.array([ord(letter) for letter in wanted], dtype=np.int64)
    places = np.arange(len(wanted) + 1)
    row = places.copy()
    for number, letter in enumerate(given, start=1):
        replaced = row[:-1] + (letters != ord(letter))
        following = np.minimum(row[1:] + 1, replaced)
        following = np.concatenate(([number], following))
        # An insertion leans on its left neighbour: the least to the left, a step dearer each.
        row = np.minimum.accumulate(following - places) + places
    return int(row[-1])


def _nearest(wanted: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    words = _words(wanted)
    nothing = {"title": None, "subtitle": None, "author": None, "body": ""}
    best = max(found, key=lambda one: len(words & _words(one)), default=nothing)
    return best if words & _words(best) else nothing


def _words(article: Mapping[str, Any]) -> set[str]:
    return set(f"{article['title']} {article['body']}".lower().split())
