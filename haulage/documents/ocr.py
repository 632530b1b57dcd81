"""Scans become text: what is installed reads them, the best of several tries counts.

The ladder for a page: Tesseract where its language data is installed; again without what shines
through from the back, where it is not noise; again after a median filter (first, where there are
specks); again with a threshold that follows the paper; then RapidOCR, whose models come with the
extra `ocr` (where it is alone, first with or without what shines through, as it is surer); else the
page is unreadable, with the reason. A good reading that is the best so far ends it. Before all of
that the page is set straight.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from haulage.documents.bleaching import bleached, is_grainy
from haulage.documents.ink import ink_of, skew_of
from haulage.documents.language import detect_language
from haulage.documents.layout import BLANK, PICTURES
from haulage.documents.print import PrintedPage, Source
from haulage.documents.rapid import RapidOcr, has_rapidocr
from haulage.documents.raster import Raster
from haulage.documents.recognition import Engine, Recognised, Verdict, judge
from haulage.documents.tesseract import CODES, Tesseract, tesseract_languages

ENGINES: tuple[Source, ...] = ("tesseract", "rapidocr")
NO_TEXT = "no text could be read"
ADVICE = "pip install 'haulage[ocr]'"
# Tesseract is less sure than this of what stands on its head.
_UPRIGHT = 85.0
# What is enough to see which of two readings is the surer, in dots.
_PATCH_SIDE = 760
# A dot darker than each of its neighbours by this many grey levels is a speck.
_SPECK, _SPECKLED_SHARE, _SAMPLE_SIDE = 50, 0.005, 350


class NoEngine(Exception):
    """Nothing that could read a scan is installed."""


class Unreadable(Exception):
    """The page has nothing to read, or nothing that can be read; the message is the reason."""


class Recogniser:
    """Reads pages by those of `engines` that are installed, in `languages` (ISO 639-1), or in any
    that data is here for."""

    def __init__(
        self, languages: Sequence[str] = (), *, engines: Collection[Source] = ENGINES
    ) -> None:
        here = tesseract_languages() if "tesseract" in engines else ()
        wanted = [CODES.get(code, code) for code in languages]
        self._languages = [name for name in wanted if name in here] or list(here)
        self._rapid: Engine | None = (
            RapidOcr() if "rapidocr" in engines and has_rapidocr() else None
        )

    def read(self, raster: Raster, page: int) -> PrintedPage:
        """The lines of a page; raises `Unreadable`, or `NoEngine` where nothing is installed."""
        if ink_of(raster).blank:
            raise Unreadable(BLANK)
        if not self._languages and self._rapid is None:
            raise NoEngine(f"the page is a scan, and no OCR is installed: {ADVICE}")
        upright = straightened(raster)
        ink = ink_of(upright)
        if ink.only_pictures:
            raise Unreadable(PICTURES)
        best: tuple[Verdict, Recognised, Raster] | None = None
        for found, seen in self._tries(upright):
            verdict = judge(found, ink if seen is upright else ink_of(seen))
            if best is None or verdict.score > best[0].score:
                best = (verdict, found, seen)
            # What was taken off the page is missed by nobody: also a good reading may be of less.
            if best[0].good:
                break
        if best is None or not best[0].usable:
            raise Unreadable(PICTURES if ink.shows_pictures else NO_TEXT)
        _, found, seen = best
        width, height = (side * seen.points for side in seen.image.size)
        return PrintedPage(
            page,
            width,
            height,
            found.lines,
            found.engine,
            pictures=ink.shows_pictures,
            degrees=seen.degrees,
        )

    def _tries(self, raster: Raster) -> Iterator[tuple[Recognised, Raster]]:
        if self._languages:
            # Specks are taken for letters' parts: a page full of them is first read without.
            specks = is_speckled(raster)
            first = smoothed(raster) if specks else raster
            tesseract = Tesseract(self._tongue(first))
            found = tesseract.read(first)
            if _may_lie(found) and (turns := tesseract.quarter_turns(first)):
                raster = straightened(turned(raster, turns))
                first = smoothed(raster) if specks else raster
                tesseract = Tesseract(self._tongue(first))
                found = tesseract.read(first)
            yield found, first
            if not specks and not is_grainy(raster):
                white = bleached(raster)
                yield tesseract.read(white), white
            second = raster if specks else smoothed(raster)
            yield tesseract.read(second), second
            yield tesseract.read(raster, adaptive=True), raster
        if self._rapid is not None:
            tries = [raster]
            if not self._languages and not is_speckled(raster) and not is_grainy(raster):
                tries = self._surer(raster, bleached(raster))
            for one in tries:
                yield self._rapid.read(one), one

    def _surer(self, plain: Raster, white: Raster) -> list[Raster]:
        """Both, in the order of how sure RapidOCR is of their middle: alone it takes the back that
        shines through for print, and letters that are blurred suffer without it."""
        assert self._rapid is not None
        sure = [self._rapid.read(_middle(one)).confidence for one in (plain, white)]
        return [white, plain] if sure[1] >= sure[0] else [plain, white]

    def _tongue(self, raster: Raster) -> list[str]:
        """The language of a strip from the page's middle: read in one, a page keeps accents that
        it loses in several, and takes half the time."""
        if len(self._languages) == 1:
            return self._languages
        found = Tesseract(self._languages).read(_strip(raster))
        language = CODES.get(detect_language(" ".join(line.text for line in found.lines)))
        return [language] if language in self._languages else self._languages


def _strip(raster: Raster) -> Raster:
    """A fifth of the page, from its middle."""
    width, height = raster.image.size
    return Raster(raster.image.crop((0, int(0.4 * height), width, int(0.6 * height))), raster.dpi)


def _middle(raster: Raster) -> Raster:
    """A square: RapidOCR would enlarge a strip until it is as much work as the page."""
    width, height = raster.image.size
    side = min(_PATCH_SIDE, width, height) // 2
    x, y = width // 2, height // 2
    return Raster(raster.image.crop((x - side, y - side, x + side, y + side)), raster.dpi)


def _may_lie(found: Recognised) -> bool:
    """Whether the page may lie on its side, where lines are higher than wide, or on its head."""
    upright = sum(len(line.text) for line in found.lines if line.width > line.bottom - line.top)
    return found.confidence < _UPRIGHT or 2 * upright < sum(len(one.text) for one in found.lines)


def straightened(raster: Raster) -> Raster:
    """The page with its lines level."""
    degrees = skew_of(raster)
    if not degrees:
        return raster
    from PIL import Image  # lazy

    # PIL turns counter-clockwise, and lines that fall to the right need just that.
    image = raster.image.rotate(degrees, resample=Image.Resampling.BICUBIC, fillcolor=255)
    return Raster(image, raster.dpi, raster.degrees + degrees)


def turned(raster: Raster, quarters: int) -> Raster:
    """The page turned clockwise by quarters."""
    image = raster.image.rotate(-90 * quarters, expand=True)
    return Raster(image, raster.dpi, raster.degrees - 90 * quarters)


def smoothed(raster: Raster) -> Raster:
    """The page without specks: each dot the median of its neighbours."""
    from PIL import ImageFilter

    return replace(raster, image=raster.image.filter(ImageFilter.MedianFilter(3)))


def is_speckled(raster: Raster) -> bool:
    """Whether many dots are much darker than all around them, by a sample from the middle."""
    import numpy as np

    width, height = raster.image.size
    middle = (width // 2, height // 2)
    side = min(_SAMPLE_SIDE, *middle)
    sample = raster.image.crop(
        (middle[0] - side, middle[1] - side, middle[0] + side, middle[1] + side)
    )
    dots = np.asarray(sample, dtype=np.int16)
    rows, columns = dots.shape
    around = [
        dots[1 + down : rows - 1 + down, 1 + right : columns - 1 + right]
        for down in (-1, 0, 1)
        for right in (-1, 0, 1)
        if down or right
    ]
    alone = np.min(around, axis=0) - dots[1:-1, 1:-1] > _SPECK
    return bool(alone.mean() > _SPECKLED_SHARE)
