"""Paper through which its back shines, made white: what is printed on the back is no ink.

The back is grey where it shines through, lighter than print, and rarely touches it. So the greys of
a page are parted in three (ink, back, paper; N. Otsu's criterion for three classes), and what does
not lie at ink becomes paper. The edges of letters lie at it and keep their greys, which a plain
threshold would take from them.
"""

from dataclasses import replace
from typing import Any

from haulage.documents.raster import Raster

_GREYS = 256
_PAPER = 235
# The light of the page is looked at in dots of so many, the brightest of so many around each.
_COARSE, _AROUND = 8, 15
_ROWS_AT_ONCE = 512
# Dots this near to ink belong to it: letters' edges.
_EDGE = 5
# Greys of the edges, from what is black to what is white.
_BLACK, _WHITE = 30, 190
# Where dots differ from their neighbours by more, noise looks like the back of the page.
_MOST_GRAIN = 23.0
_SAMPLE_SIDE = 350


def bleached(raster: Raster) -> Raster:
    """The page without what shines through."""
    import numpy as np  # lazy: heavy
    from PIL import Image, ImageFilter

    dots = _evened(raster.image)
    ink = _darkest_of_three(np.bincount(dots.ravel(), minlength=_GREYS))
    at_ink = Image.fromarray(np.where(dots < ink, 255, 0).astype(np.uint8))
    near = np.asarray(at_ink.filter(ImageFilter.MaxFilter(_EDGE))) > 0
    ramp = (np.arange(_GREYS) - _BLACK) * (_PAPER / (_WHITE - _BLACK))
    edges = ramp.clip(0, _PAPER).astype(np.uint8)
    return replace(raster, image=Image.fromarray(np.where(near, edges[dots], np.uint8(_PAPER))))


def is_grainy(raster: Raster) -> bool:
    """Whether the greys of single dots say little, by a sample from the middle."""
    import numpy as np
    from PIL import ImageFilter

    width, height = raster.image.size
    across, down = min(_SAMPLE_SIDE, width // 2), min(_SAMPLE_SIDE, height // 2)
    sample = raster.image.crop(
        (width // 2 - across, height // 2 - down, width // 2 + across, height // 2 + down)
    )
    calm = np.asarray(sample.filter(ImageFilter.MedianFilter(3)), dtype=np.int16)
    return bool(1.48 * np.median(np.abs(np.asarray(sample, dtype=np.int16) - calm)) > _MOST_GRAIN)


def _evened(image: Any) -> Any:
    """Its greys as if the light, or the paper's tint, were the same everywhere."""
    import numpy as np
    from PIL import Image, ImageFilter

    coarse = (max(image.width // _COARSE, 1), max(image.height // _COARSE, 1))
    light = image.resize(coarse, Image.Resampling.BOX)
    light = light.filter(ImageFilter.MaxFilter(_AROUND)).filter(ImageFilter.GaussianBlur(10))
    light = light.resize(image.size, Image.Resampling.BILINEAR)
    dots, lit = np.asarray(image), np.asarray(light)
    evened = np.empty_like(dots)
    # Not all rows at once: fractions take four times the memory.
    for first in range(0, len(dots), _ROWS_AT_ONCE):
        rows = slice(first, first + _ROWS_AT_ONCE)
        share = dots[rows] / np.maximum(lit[rows], 1).astype(np.float32)
        evened[rows] = (share * _PAPER).clip(0, _GREYS - 1)
    return evened


def _darkest_of_three(counts: Any) -> int:
    """Where the darkest of three classes of greys ends: the two bounds that part them best."""
    import numpy as np

    shares = counts / counts.sum()
    weight, mass = np.cumsum(shares), np.cumsum(shares * np.arange(_GREYS))
    best, bound = -1.0, 0
    for first in range(1, _GREYS - 2):
        second = slice(first + 1, _GREYS - 1)
        weights = (weight[first], weight[second] - weight[first], 1 - weight[second])
        masses = (mass[first], mass[second] - mass[first], mass[-1] - mass[second])
        between = sum(
            np.square(one) / np.maximum(of, 1e-9) for one, of in zip(masses, weights, strict=True)
        )
        if (found := float(np.max(between))) > best:
            best, bound = found, first
    return bound
