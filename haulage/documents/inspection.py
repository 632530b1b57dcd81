"""What is in a file, told without trusting it: pages, why it can't be used, how a page looks.

`inspect` and `draw` look into whatever somebody uploaded. They are meant for a process of their
own, which may be lost (`inspector.py` starts them): this module run as a program answers a JSON
line for each that it is given, in little memory, and dies of a question that takes too long.
"""

import base64
import json
import resource
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from haulage.documents import archives, pdf, pictures, streams
from haulage.documents.errors import DocumentFault, NoSuchPage, TooManyPages, TooManyPixels
from haulage.documents.media_types import GZIP, PDF, PICTURES, ZIP
from haulage.documents.sheets import open_sheets

# Said before the file is touched: a process that dies with it unsaid did not die of the file.
BEGUN = "begun\n"
MEMORY_BYTES = 1024 * 1024 * 1024
# JPEG can't be wider, and decoders of other formats fail or crawl beyond.
MAX_SIDE = 65_500


@dataclass(frozen=True, slots=True)
class Question:
    """A file at `path`, which begins like `media_type`, and what is too much."""

    path: str
    media_type: str
    max_pages: int
    max_pixels: int
    limit_s: float


@dataclass(frozen=True, slots=True)
class Finding:
    """`pages` where it has some. `fault_code` and `fault` say why it can't be opened, or None."""

    pages: int | None = None
    fault_code: str | None = None
    fault: str | None = None


NOTHING = Finding()


@dataclass(frozen=True, slots=True)
class Wish:
    """Page `page`, counted from 1, of the file at `path`, at most `wide` pixels wide."""

    path: str
    page: int
    wide: int
    max_pages: int
    limit_s: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A page as a JPEG, in base64; or why it can't be drawn."""

    jpeg: str | None = None
    fault_code: str | None = None
    fault: str | None = None


def is_worth_it(media_type: str) -> bool:
    """Whether `inspect` has anything to say on such a file."""
    return media_type in (PDF, GZIP, *PICTURES) or _is_zip(media_type)


def inspect(asked: Question) -> Finding:
    """Look into a file; never raises for what is in it, but may use much time and memory."""
    try:
        return _look(asked)
    except DocumentFault as error:
        return Finding(fault_code=error.code, fault=str(error))


def draw(asked: Wish) -> Drawing:
    """A page of a file; never raises for what is in it, but may use much time and memory."""
    try:
        with open_sheets(Path(asked.path), max_pages=asked.max_pages) as sheets:
            if asked.page > sheets.count:
                raise NoSuchPage(f"The file has {sheets.count} pages; there is no {asked.page}.")
            jpeg = sheets.jpeg(asked.page, wide=asked.wide)
    except DocumentFault as error:
        return Drawing(fault_code=error.code, fault=str(error))
    return Drawing(base64.b64encode(jpeg).decode())


def _look(asked: Question) -> Finding:
    path = Path(asked.path)
    kind = asked.media_type
    if kind == PDF:
        pages = pdf.page_count(path, max_pages=asked.max_pages)
        streams.check_streams(path)
        return Finding(pages=pages)
    if kind in PICTURES:
        picture = pictures.read_picture(path, kind)
        if picture.pages > asked.max_pages:
            raise TooManyPages(
                f"The picture has {picture.pages} pages; at most {asked.max_pages} are taken."
            )
        _weigh(picture, asked.max_pixels)
        return Finding(pages=picture.pages)
    if kind == GZIP:
        archives.check_gzip(path)
    elif _is_zip(kind):
        archives.check_zip(path)
    return NOTHING


def _weigh(picture: pictures.Picture, max_pixels: int) -> None:
    size = f"{picture.width} × {picture.height} pixels"
    if picture.width * picture.height > max_pixels:
        raise TooManyPixels(f"The picture has {size}; at most {max_pixels} in all are taken.")
    if max(picture.width, picture.height) > MAX_SIDE:
        raise TooManyPixels(f"The picture has {size}; at most {MAX_SIDE} a side are taken.")


def _is_zip(media_type: str) -> bool:
    return media_type in (ZIP, "application/epub+zip") or media_type.startswith(
        ("application/vnd.openxmlformats-", "application/vnd.oasis.opendocument.")
    )


def main() -> None:
    """Answer questions, a JSON line each, until there are no more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # It has no business writing anywhere.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    for line in sys.stdin:
        given = json.loads(line)
        # The default answer to the alarm is death, even when who asked has died.
        signal.setitimer(signal.ITIMER_REAL, given["limit_s"])
        sys.stdout.write(BEGUN)
        sys.stdout.flush()
        answer = draw(Wish(**given)) if "wide" in given else inspect(Question(**given))
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout.write(json.dumps(asdict(answer)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
