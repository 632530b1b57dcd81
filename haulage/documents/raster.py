"""Pages as grey pixels, for OCR and for models that see: rendered from a PDF, or from an image.

Promises: never more pixels than `MAX_PIXELS` in memory for a page, whatever the file says its
measures are; they are checked before anything is decoded. Colours of any kind become grey, with
white under what is transparent.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from typing import Any

from haulage.documents.errors import DamagedImage, ImpossiblePage, TooManyPages
from haulage.documents.pdf import MAX_PAGES

# A broadsheet's page, 40 × 60 cm, at 300 dots an inch has 34 million.
MAX_PIXELS = 40_000_000
# What an image may hold before it is brought down to that: its decoder needs it whole.
MAX_SOURCE_PIXELS = 120_000_000
# Longer than this many times its width, it is no page.
_MOST_SLENDER = 20
_LEAST_SIDE = 32
_LOWEST_DPI, _HIGHEST_DPI = 200.0, 300.0
_ASSUMED_DPI = 200.0
_MOST_ENLARGED = 3.0
_BELIEVED_DPI = (60.0, 1200.0)
_POINTS = 72.0


@dataclass(frozen=True, slots=True)
class Raster:
    """A page as grey pixels; `image` is a PIL image of mode L, `dpi` its dots an inch. `degrees`:
    by how much it was turned about its middle since it left its file, counter-clockwise."""

    image: Any
    dpi: float
    degrees: float = 0.0

    @property
    def points(self) -> float:
        """The length of a pixel."""
        return _POINTS / self.dpi

    def png(self, *, longest_side: int) -> bytes:
        """As a PNG file no larger than `longest_side` pixels."""
        image = self.image
        if max(image.size) > longest_side:
            image = image.copy()
            image.thumbnail((longest_side, longest_side))
        stream = io.BytesIO()
        image.save(stream, "PNG", optimize=False)
        return stream.getvalue()


def image_pages(file: bytes | PathLike[str], *, max_pages: int = MAX_PAGES) -> int:
    """How many pages an image file has: one, or a TIFF's; raises a `DocumentFault`."""
    with opened_image(file) as image:
        pages = int(getattr(image, "n_frames", 1))
        if pages > max_pages:
            raise TooManyPages(f"The image has {pages} pages; at most {max_pages} are taken.")
        return pages


def raster_of_image(file: bytes | PathLike[str], page: int) -> Raster:
    """Page `page` of an image file, counted from 1; raises a `DocumentFault`."""
    from PIL import ImageOps  # lazy, as all of PIL: processes that only know job types need it not

    with opened_image(file) as image:
        image.seek(page - 1)
        require_possible(*image.size)
        said = image.info.get("dpi", (0.0, 0.0))
        # Decoders that can, JPEG's, deliver it smaller at once.
        image.draft("L", image.size)
        grey = _grey(ImageOps.exif_transpose(image))
        return _within_bounds(Raster(grey, _dpi(said)))


def raster_of_pdf(page: Any, width: float, height: float) -> Raster:
    """An opened pypdfium2 page as it is shown; `width` and `height` in points.

    At the resolution of the scan in it where there is one, else at one that OCR likes.
    """
    require_possible(int(width), int(height), least=4)
    dpi = min(max(scanned_dpi(page), _LOWEST_DPI), _HIGHEST_DPI)
    # Sides are rounded up when drawn.
    dpi = min(dpi, 0.999 * (MAX_PIXELS / (width * height)) ** 0.5 * _POINTS)
    bitmap = page.render(scale=dpi / _POINTS, grayscale=True, may_draw_forms=False)
    try:
        return Raster(bitmap.to_pil().convert("L").copy(), dpi)
    finally:
        bitmap.close()


@contextmanager
def opened_image(file: bytes | PathLike[str]) -> Iterator[Any]:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Our own bounds are lower than PIL's.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            source = io.BytesIO(file) if isinstance(file, bytes) else file
            with Image.open(source, formats=("PNG", "JPEG", "TIFF")) as image:
                yield image
    except UnidentifiedImageError as error:
        raise DamagedImage("The image is damaged: its header cannot be read.") from error
    except Image.DecompressionBombError as error:
        raise ImpossiblePage("The image has more pixels than any page.") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        # What PIL's decoders raise for rubbish, by its documentation and by experience.
        raise DamagedImage("The image is damaged or cut off: it cannot be decoded.") from error


def require_possible(width: int, height: int, *, least: int = _LEAST_SIDE) -> None:
    short, long = sorted((width, height))
    if short < least or long > _MOST_SLENDER * short:
        raise ImpossiblePage(f"A page of {width} × {height} is none that could be read.")
    if width * height > MAX_SOURCE_PIXELS and least == _LEAST_SIDE:
        raise ImpossiblePage(f"The image has {width} × {height} pixels, more than can be taken.")


def _grey(image: Any) -> Any:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        from PIL import Image

        clear = image.convert("RGBA")
        ground = Image.new("RGBA", clear.size, "white")
        ground.alpha_composite(clear)
        return ground.convert("L")
    if is_deep(image):
        return grey_of_deep(image)
    return image.convert("L")


def is_deep(image: Any) -> bool:
    """Whether it has more than 256 greys."""
    return bool(image.mode.startswith("I;16") or image.mode in ("I", "F"))


def grey_of_deep(image: Any) -> Any:
    """Its greys brought to 256, from the darkest that it has to the lightest."""
    low, high = image.getextrema()
    scale = 255.0 / (high - low) if high > low else 1.0
    return image.convert("F").point(lambda value: (value - low) * scale).convert("L")


def _dpi(said: Any) -> float:
    try:
        dpi = float(said[0])
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return _ASSUMED_DPI
    low, high = _BELIEVED_DPI
    return dpi if low <= dpi <= high and dpi not in (72.0, 96.0) else _ASSUMED_DPI


def _within_bounds(raster: Raster) -> Raster:
    """At a resolution that OCR likes, and no larger than allowed: small type is enlarged, as it is
    in a PDF's page."""
    from PIL import Image

    width, height = raster.image.size
    wanted = min(max(_LOWEST_DPI / raster.dpi, 1.0), _MOST_ENLARGED)
    share = min(wanted, (MAX_PIXELS / (width * height)) ** 0.5)
    if share == 1.0:
        return raster
    size = (int(width * share), int(height * share))
    return Raster(raster.image.resize(size, Image.Resampling.BICUBIC), raster.dpi * share)


def scanned_dpi(page: Any) -> float:
    """The resolution of the largest image on the page, 0 without one; raises `ImpossiblePage` for
    one that would fill the memory."""
    from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

    found, largest = 0.0, 0.0
    for item in page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE], max_depth=3):
        columns, rows = item.get_px_size()
        if columns * rows > MAX_SOURCE_PIXELS:
            raise ImpossiblePage(
                f"The page holds an image of {columns} × {rows} pixels, more than can be taken."
            )
        left, bottom, right, top = item.get_bounds()
        area = (right - left) * (top - bottom)
        if area > largest and right > left:
            largest, found = area, columns / (right - left) * _POINTS
    return found
