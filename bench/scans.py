"""How right OCR and layout are on worn scans of the example newspaper: docs/quality.md.

    python -m bench scans

No system, no job: the same functions as the job type's, one process. Each wear of the print is one
of the table's lines; with RapidOCR alone as well, which is what a machine without Tesseract's
language data has, for those named in `BY_RAPID`.
"""

import io
import time
from typing import Any

from bench.scoring import Score, score
from bench.system import report
from examples.make_newspaper import Wear, scanned_pages, truth
from haulage.documents.layout import RuleLayout
from haulage.documents.ocr import Recogniser, Unreadable
from haulage.documents.raster import Raster, raster_of_image

WEARS: dict[str, dict[str, Any]] = {
    "200 dpi": {},
    "300 dpi": {"dpi": 300},
    "150 dpi": {"dpi": 150},
    "110 dpi": {"dpi": 110},
    "noise 20": {"noise": 20},
    "noise 40": {"noise": 40},
    "specks 2 %": {"specks": 0.02},
    "specks 6 %": {"specks": 0.06},
    "blur 1": {"blur": 1.0},
    "blur 1.6": {"blur": 1.6},
    "skew +2°": {"skew": 2.0},
    "skew -2°": {"skew": -2.0},
    "show-through 0.3": {"show_through": 0.3},
    "show-through 0.6": {"show_through": 0.6},
    "a little of all": {
        "noise": 14, "blur": 0.7, "skew": 1.2, "show_through": 0.25, "specks": 0.005
    },
}  # fmt: skip
BY_RAPID = (
    "200 dpi", "specks 2 %", "skew +2°", "show-through 0.3", "show-through 0.6", "a little of all"
)  # fmt: skip
CER_BAR = 2.0


def main() -> bool:
    """Print a line for each wear and engine; whether the unworn scan meets the bar."""
    met = [_line(name, Recogniser()) for name in WEARS]
    alone = Recogniser(engines=["rapidocr"])
    for name in BY_RAPID:
        _line(name, alone)
    return met[0]


def _line(name: str, recogniser: Recogniser) -> bool:
    wear = Wear(**WEARS[name])
    pages = scanned_pages(wear, [1, 2])
    began = time.process_time()
    found: list[dict[str, Any]] = []
    engines = []
    for number, image in enumerate(pages, start=1):
        try:
            printed = recogniser.read(_delivered(image, wear.dpi), number)
        except Unreadable as fault:
            engines.append(str(fault))
            continue
        engines.append(printed.source)
        found += [
            {"title": one.title, "subtitle": one.subtitle, "author": one.author, "body": one.body}
            for one in RuleLayout().articles(printed).articles
        ]
    wanted = [article for page in truth()["pages"] for article in page["articles"]]
    right = score(found, wanted)
    return report(
        "scans",
        met=_fits(right),
        wear=name,
        engines=engines,
        articles=f"{right.found} of {right.articles}",
        titles=right.titles,
        subtitles=right.subtitles,
        authors=right.authors,
        cer_median_percent=right.cer_median,
        cer_worst_percent=right.cer_worst,
        cer_bar_percent=CER_BAR,
        cpu_s_a_page=(time.process_time() - began) / len(pages),
    )


def _delivered(image: Any, dpi: int) -> Raster:
    """As a file brings it."""
    stream = io.BytesIO()
    image.save(stream, "PNG", dpi=(dpi, dpi), compress_level=1)
    return raster_of_image(stream.getvalue(), 1)


def _fits(right: Score) -> bool:
    return (
        right.titles == right.articles
        and right.subtitles >= right.articles - 1
        and right.cer_median <= CER_BAR
    )
