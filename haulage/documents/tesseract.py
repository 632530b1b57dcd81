"""Tesseract, by the engine in tesserocr's wheel and the language data that this machine has.

Data comes with the system's packages (`apt install tesseract-ocr-ita`) and is found where those
put it, or where TESSDATA_PREFIX says. OpenMP is held to one thread: with two on two cores a page
takes 12 s instead of 2 (measured), and the other cores have pages of their own.
"""

import os
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

from haulage.documents.print import Line, Source
from haulage.documents.raster import Raster
from haulage.documents.recognition import Recognised

_FOLDERS = (
    "/usr/share/tesseract-ocr/*/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
)
# No languages: which way is up, and equations.
_NO_LANGUAGE = {"osd", "equ", "snum"}
# ISO 639-1, as the detection says it, and Tesseract's own names.
CODES = {
    "ca": "cat", "de": "deu", "en": "eng", "es": "spa", "fr": "fra",
    "it": "ita", "la": "lat", "nl": "nld", "pt": "por", "ro": "ron",
}  # fmt: skip
# A page takes a second or two; one that takes longer than this is no page of text.
TIMEOUT_S = 60.0
# A gap between words wider than this, in units of the row's height, is a gutter.
_GUTTER = 1.25
_LEAST_CONFIDENCE = 30.0
_OTSU, _SAUVOLA = "0", "2"


def tesseract_data() -> Path | None:
    """The folder with language data, None where there is none."""
    said = os.environ.get("TESSDATA_PREFIX")
    folders = [Path(said)] if said else []
    for pattern in _FOLDERS:
        folders += sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)
    return next((folder for folder in folders if _languages_in(folder)), None)


def tesseract_languages() -> tuple[str, ...]:
    """Tesseract's names of the languages whose data is here; none without the engine."""
    folder = tesseract_data() if find_spec("tesserocr") else None
    return _languages_in(folder) if folder else ()


class Tesseract:
    """Reads in `languages`, Tesseract's names; keeps no state between pages."""

    name: Source = "tesseract"

    def __init__(self, languages: Sequence[str]) -> None:
        self._languages = "+".join(languages)

    def read(self, raster: Raster, *, adaptive: bool = False) -> Recognised:
        """The lines of a page; none where that takes too long.

        `adaptive` thresholds each place by its neighbourhood (Sauvola), which finds text on noisy
        paper that the plain threshold drowns.
        """
        tesserocr = _library()
        with tesserocr.PyTessBaseAPI(
            path=str(tesseract_data()), lang=self._languages, psm=tesserocr.PSM.AUTO
        ) as api:
            api.SetVariable("thresholding_method", _SAUVOLA if adaptive else _OTSU)
            api.SetImage(raster.image)
            api.SetSourceResolution(round(raster.dpi))
            if not api.Recognize(int(TIMEOUT_S * 1000)):
                return Recognised(self.name, (), 0.0)
            words = list(_words(api, tesserocr))
        lines = [
            line
            for _, row in groupby(words, key=lambda word: word.row)
            for line in _lines(list(row))
        ]
        weighty = [(word.confidence, len(word.text)) for word in words]
        letters = sum(count for _, count in weighty)
        mean = sum(one * count for one, count in weighty) / letters if letters else 0.0
        return Recognised(self.name, tuple(_in_points(lines, raster.points)), mean)

    def quarter_turns(self, raster: Raster) -> int:
        """How many quarter turns, clockwise, set the page upright; 0 where that cannot be told."""
        folder = tesseract_data()
        if folder is None or not (folder / "osd.traineddata").exists():
            return 0
        tesserocr = _library()
        with tesserocr.PyTessBaseAPI(
            path=str(folder), lang="osd", psm=tesserocr.PSM.OSD_ONLY
        ) as api:
            api.SetImage(raster.image)
            api.SetSourceResolution(round(raster.dpi))
            found = api.DetectOrientationScript()
        if not found or found["orient_conf"] < 2.0:
            return 0
        # It says by how much the page is turned clockwise.
        return -int(found["orient_deg"]) // 90 % 4


class _Word:
    __slots__ = ("bottom", "confidence", "height", "left", "right", "row", "text", "top")

    def __init__(
        self, text: str, box: tuple[int, int, int, int], row: int, height: float, confidence: float
    ) -> None:
        self.text, self.row, self.height, self.confidence = text, row, height, confidence
        self.left, self.top, self.right, self.bottom = box


def _library() -> Any:
    # Read by OpenMP once, when the library is loaded; see the module.
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    import tesserocr  # lazy: an extra

    return tesserocr


def _languages_in(folder: Path) -> tuple[str, ...]:
    names = (path.name.removesuffix(".traineddata") for path in folder.glob("*.traineddata"))
    return tuple(sorted(set(names) - _NO_LANGUAGE))


def _words(api: Any, tesserocr: Any) -> Any:
    level = tesserocr.RIL.WORD
    row = -1
    found = api.GetIterator()
    for item in tesserocr.iterate_level(found, level) if found is not None else ():
        if item.IsAtBeginningOf(tesserocr.RIL.TEXTLINE):
            row += 1
        try:
            text = item.GetUTF8Text(level).strip()
        except RuntimeError:
            # What an iterator over nothing raises: a page on which no word was found.
            continue
        box = item.BoundingBox(level)
        confidence = item.Confidence(level)
        if not text or box is None or confidence < _LEAST_CONFIDENCE:
            continue
        height = float(item.RowAttributes()["row_height"])
        yield _Word(text, box, row, height, confidence)


def _lines(row: list[_Word]) -> list[Line]:
    """A row of Tesseract's, parted where it runs across a gutter."""
    height = median(word.height for word in row)
    pieces: list[list[_Word]] = []
    for word in sorted(row, key=lambda word: word.left):
        if pieces and word.left - pieces[-1][-1].right < _GUTTER * height:
            pieces[-1].append(word)
        else:
            pieces.append([word])
    return [
        Line(
            text=" ".join(word.text for word in piece),
            left=piece[0].left,
            top=min(word.top for word in piece),
            right=max(word.right for word in piece),
            bottom=max(word.bottom for word in piece),
            size=height,
        )
        for piece in pieces
    ]


def _in_points(lines: Sequence[Line], points: float) -> list[Line]:
    return [
        Line(
            line.text,
            line.left * points,
            line.top * points,
            line.right * points,
            line.bottom * points,
            round(line.size * points, 2),
        )
        for line in lines
    ]
