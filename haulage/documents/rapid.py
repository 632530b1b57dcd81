"""RapidOCR: PP-OCR models that come in its wheel, for machines without Tesseract's data.

Slower than Tesseract (about five seconds a page) and needs 0.9 GB while it reads, but nothing of
the system. The models are loaded at the first page of a process.
"""

import re
import threading
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from statistics import median
from typing import Any

from haulage.documents.print import Line, Source
from haulage.documents.raster import Raster
from haulage.documents.recognition import Recognised

_LOADING = threading.Lock()
# The page is brought to this for finding lines: more costs memory by its square (1.3 GB at 2,600).
_LONGEST_SIDE = 2_000
# A box is as high as its letters: these shares of the full height are in words without descenders,
# without ascenders, without both. The boxes' margin hides that in small print.
_LARGE = 1.3
_ASCENDING = re.compile(r"[A-ZÀ-Þbdfhklß-öø-ü0-9]")
_DESCENDING = re.compile(r"[gjpqyçQ,;()]")
_HEIGHTS = {(True, True): 1.0, (True, False): 0.88, (False, True): 0.86, (False, False): 0.78}


def has_rapidocr() -> bool:
    """Whether the extra `ocr` is installed."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


class RapidOcr:
    """All languages in Latin letters at once."""

    name: Source = "rapidocr"

    def read(self, raster: Raster, *, adaptive: bool = False) -> Recognised:
        """The lines of a page, one column's each; `adaptive` means nothing here."""
        del adaptive
        import numpy as np  # lazy: heavy

        with _LOADING:
            engine = _engine()
        pixels = np.asarray(raster.image.convert("RGB"))[:, :, ::-1]
        try:
            found = engine(pixels)
        except Exception as error:
            # ONNX Runtime has one class for all that goes wrong; this word is the C++ library's.
            if "bad_alloc" not in str(error):
                raise
            raise MemoryError("no memory for reading the page by RapidOCR") from error
        if found.boxes is None or not found.txts:
            return Recognised(self.name, (), 0.0)
        lines, sure, letters = [], 0.0, 0
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
            if not text.strip():
                continue
            lines.append(_line(box, text.strip(), raster.points))
            sure += 100.0 * float(score) * len(text)
            letters += len(text)
        return Recognised(self.name, _sized(lines), sure / letters if letters else 0.0)


def _line(box: Any, text: str, points: float) -> Line:
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = ((float(x), float(y)) for x, y in box)
    height = ((y4 - y1) + (y3 - y2)) / 2
    return Line(
        text=text,
        left=min(x1, x4) * points,
        top=min(y1, y2) * points,
        right=max(x2, x3) * points,
        bottom=max(y3, y4) * points,
        size=round(height * points, 2),
    )


def _sized(lines: list[Line]) -> tuple[Line, ...]:
    """Large lines with the size of their type in the place of their box's height."""
    usual = median(line.size for line in lines) if lines else 0.0
    return tuple(
        replace(line, size=round(line.size / _HEIGHTS[_letters(line.text)], 2))
        if line.size > _LARGE * usual
        else line
        for line in lines
    )


def _letters(text: str) -> tuple[bool, bool]:
    return bool(_ASCENDING.search(text)), bool(_DESCENDING.search(text))


@cache
def _engine() -> Any:
    from rapidocr import RapidOCR  # lazy: an extra, and 30 MB of models

    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.max_side_len": _LONGEST_SIDE,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
