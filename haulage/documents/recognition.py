"""What an OCR engine makes of a page, and how far that can be trusted.

Confidence alone does not show what was lost: on noisy paper Tesseract is 95 % sure of nothing at
all. So the place that the lines take is compared with the ink that looks like text.
"""

from dataclasses import dataclass
from typing import Protocol

from haulage.documents.ink import Ink
from haulage.documents.print import Line, Source
from haulage.documents.raster import Raster

# Clean scans give 95 and more; at 91 every twentieth letter can be wrong.
_GOOD_CONFIDENCE, _GOOD_COVERAGE = 93.5, 0.8
_LEAST_CONFIDENCE = 70.0


@dataclass(frozen=True, slots=True)
class Recognised:
    """The lines, and how sure the engine is of them: 0 to 100, weighted by letters."""

    engine: Source
    lines: tuple[Line, ...]
    confidence: float

    @property
    def letters(self) -> int:
        return sum(letter.isalnum() for line in self.lines for letter in line.text)


class Engine(Protocol):
    """One way to read pixels."""

    name: Source

    def read(self, raster: Raster, *, adaptive: bool = False) -> Recognised:
        """The lines of an upright page; `adaptive`: made for noise, where the engine can."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """`good`: nothing better is worth the time; `score` compares the tries of one page."""

    good: bool
    usable: bool
    score: float


def judge(found: Recognised, ink: Ink) -> Verdict:
    """How good a reading is, by the engine's word and by the ink it accounts for."""
    if not found.letters:
        return Verdict(good=False, usable=False, score=0.0)
    coverage = ink.coverage(found.lines)
    good = found.confidence >= _GOOD_CONFIDENCE and coverage >= _GOOD_COVERAGE
    usable = found.confidence >= _LEAST_CONFIDENCE
    return Verdict(good, usable, found.confidence / 100 * (0.25 + coverage) * found.letters)
