"""Pieces of the example newspaper's scan: small, so that reading them is quick."""

import io
from functools import cache
from typing import Any

from examples.make_newspaper import Wear, scanned_pages, truth
from haulage.documents.raster import Raster, raster_of_image

MARKET = truth()["pages"][0]["articles"][1]
# Where that article stands on the first page.
_PLACE = (0.735, 0.158, 0.965, 0.53)


@cache
def market(**wear: Any) -> Raster:
    """The article on the fish market, one column with title and subtitle, worn like that."""
    given = Wear(**wear)
    page = scanned_pages(given, [1])[0]
    width, height = page.size
    left, top, right, bottom = _PLACE
    box = (int(left * width), int(top * height), int(right * width), int(bottom * height))
    stream = io.BytesIO()
    page.crop(box).save(stream, "PNG", dpi=(given.dpi, given.dpi))
    return raster_of_image(stream.getvalue(), 1)


@cache
def front(**wear: Any) -> Raster:
    """The whole first page, worn like that."""
    given = Wear(**wear)
    return Raster(scanned_pages(given, [1])[0], given.dpi)
