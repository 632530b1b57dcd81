"""Where a page has ink, how much of it looks like text, and by how much the page is askew."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from haulage.documents.print import Line
from haulage.documents.raster import Raster

# A cell is a dot at this resolution: a letter is two or three of them wide.
_CELLS_PER_INCH = 40.0
_POINTS = 72.0
# How much darker than the paper around it a cell is when it holds ink.
_DARKER = 22.0
# Ink that goes down this far without a gap (a third of an inch) is a picture, no line of text.
_PICTURE_CELLS = 13
_BLANK_SHARE, _PICTURE_SHARE = 0.0015, 0.02
_MOST_SKEW = 4.0
_WORTH_TURNING = 0.15


@dataclass(frozen=True, slots=True)
class Ink:
    """`text` and `pictures`: which cells hold ink of that kind."""

    text: Any
    pictures: Any
    blank: bool

    @property
    def shows_pictures(self) -> bool:
        return bool(self.pictures.mean() > _PICTURE_SHARE)

    @property
    def only_pictures(self) -> bool:
        """Whether there is nothing beside pictures that could be text."""
        return self.shows_pictures and bool(self.text.mean() < _BLANK_SHARE)

    def coverage(self, lines: Iterable[Line]) -> float:
        """The share of the ink like text that lies within `lines`; 1 where there is none."""
        import numpy as np  # lazy: heavy

        total = int(self.text.sum())
        if not total:
            return 1.0
        within = np.zeros_like(self.text)
        scale = _CELLS_PER_INCH / _POINTS
        for line in lines:
            room = 0.3 * line.size
            top, bottom = (line.top - room) * scale, (line.bottom + room) * scale
            left, right = (line.left - room) * scale, (line.right + room) * scale
            within[max(int(top), 0) : int(bottom) + 1, max(int(left), 0) : int(right) + 1] = True
        return float((self.text & within).sum()) / total


def ink_of(raster: Raster) -> Ink:
    """The ink of a page. Single specks vanish: a cell is the mean of its dots."""
    import numpy as np

    cells = _cells(raster, _CELLS_PER_INCH)
    paper = _paper(cells)
    darker = paper - cells
    # What noise leaves of itself in a cell is no ink.
    grain = 1.4826 * float(np.median(np.abs(darker - np.median(darker))))
    dark = darker > max(_DARKER, 4.5 * grain)
    pictures = _tall(dark)
    text = dark & ~pictures
    # Rules and the scanner's edge go from side to side; no line of text does.
    margin = max(2, min(dark.shape) // 60)
    text[:margin], text[-margin:], text[:, :margin], text[:, -margin:] = False, False, False, False
    text[text.mean(axis=1) > 0.8] = False
    return Ink(text, pictures, blank=bool((dark.mean()) < _BLANK_SHARE) or not np.any(dark))


def skew_of(raster: Raster) -> float:
    """By how many degrees the lines fall to the right, within ±4; 0 where it is hardly any.

    The angle at which the rows' sums of ink differ most: lines and gaps are parted sharply.
    """
    import numpy as np

    cells = _cells(raster, 75.0)
    ys, xs = np.nonzero(cells < _paper(cells) - _DARKER)
    if len(ys) < 200:
        return 0.0
    if len(ys) > 40_000:
        some = np.linspace(0, len(ys) - 1, 40_000).astype(int)
        ys, xs = ys[some], xs[some]

    def sharpness(degrees: float) -> float:
        rows = ys - xs * np.tan(np.radians(degrees))
        counts = np.bincount((rows - rows.min()).astype(int))
        return float((np.diff(counts).astype(float) ** 2).sum())

    coarse = max(np.arange(-_MOST_SKEW, _MOST_SKEW + 0.1, 0.25), key=sharpness)
    fine = max(np.arange(coarse - 0.25, coarse + 0.26, 0.05), key=sharpness)
    return float(fine) if abs(fine) >= _WORTH_TURNING else 0.0


def _cells(raster: Raster, per_inch: float) -> Any:
    import numpy as np
    from PIL import Image

    share = min(per_inch / raster.dpi, 1.0)
    size = (max(int(raster.image.width * share), 1), max(int(raster.image.height * share), 1))
    return np.asarray(raster.image.resize(size, Image.Resampling.BOX), dtype=np.float32)


def _paper(cells: Any) -> Any:
    """The paper's grey at each place: the bright part of a neighbourhood of an inch or two."""
    import numpy as np
    from PIL import Image

    rows, columns = cells.shape
    tiles = (max(rows // 64, 1), max(columns // 64, 1))
    bright = np.empty(tiles, dtype=np.float32)
    for row, band in enumerate(np.array_split(cells, tiles[0], axis=0)):
        for column, tile in enumerate(np.array_split(band, tiles[1], axis=1)):
            bright[row, column] = np.percentile(tile, 80)
    # A tile full of ink is told by its neighbours to be no paper.
    bright = np.maximum(bright, np.median(bright) - 30)
    return np.asarray(Image.fromarray(bright).resize((columns, rows), Image.Resampling.BILINEAR))


def _tall(dark: Any) -> Any:
    """The cells of `dark` in unbroken vertical runs of at least `_PICTURE_CELLS`."""
    import numpy as np

    reach = _PICTURE_CELLS
    if dark.shape[0] <= reach:
        return np.zeros_like(dark)
    sums = np.cumsum(np.pad(dark.astype(np.int32), ((1, 0), (0, 0))), axis=0)
    full = sums[reach:] - sums[:-reach] == reach
    tall = np.zeros_like(dark)
    for shift in range(reach):
        tall[shift : shift + full.shape[0]] |= full
    return tall
