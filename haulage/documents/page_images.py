"""A page as people look at it: a JPEG in colour, no wider than asked for.

Upright and whole, as the file shows it: what the places of articles on a page are shares of. Pages
that nobody can print are refused before anything is decoded, as in `raster.py`. Meant for the
process that looks into files (`inspection.py`).
"""

import io
from os import PathLike
from typing import Any

from haulage.documents.raster import (
    grey_of_deep,
    is_deep,
    opened_image,
    require_possible,
    scanned_dpi,
)

WIDEST = 2_400
# What a page has at most, also when it is a strip of paper.
_MOST_PIXELS = 12_000_000
_QUALITY = 80


def jpeg_of_pdf(page: Any, width: float, height: float, *, wide: int) -> bytes:
    """An opened pypdfium2 page of `width` × `height` points; raises a `DocumentFault`."""
    require_possible(int(width), int(height), least=4)
    # For its refusal alone: an image in the page that would fill the memory.
    scanned_dpi(page)
    scale = min(wide / width, (_MOST_PIXELS / (width * height)) ** 0.5)
    bitmap = page.render(scale=scale, may_draw_forms=False)
    try:
        return _jpeg(bitmap.to_pil(), wide)
    finally:
        bitmap.close()


def jpeg_of_image(file: bytes | PathLike[str], page: int, *, wide: int) -> bytes:
    """Page `page` of an image file, counted from 1; raises a `DocumentFault`."""
    from PIL import ImageOps  # lazy, as all of PIL

    with opened_image(file) as image:
        image.seek(page - 1)
        require_possible(*image.size)
        # Decoders that can, JPEG's, deliver it smaller at once.
        image.draft("RGB", (2 * wide, 2 * wide))
        return _jpeg(ImageOps.exif_transpose(image), wide)


def _jpeg(image: Any, wide: int) -> bytes:
    from PIL import Image

    share = min(wide / image.width, (_MOST_PIXELS / (image.width * image.height)) ** 0.5, 1.0)
    image = _shown(image)
    if share < 1.0:
        size = (max(int(image.width * share), 1), max(int(image.height * share), 1))
        image = image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()


def _shown(image: Any) -> Any:
    """In colours or greys that a JPEG has, with white under what is transparent."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        clear = image.convert("RGBA")
        ground = Image.new("RGBA", clear.size, "white")
        ground.alpha_composite(clear)
        return ground.convert("RGB")
    if is_deep(image):
        return grey_of_deep(image)
    return image.convert("L" if image.mode in ("1", "L") else "RGB")
