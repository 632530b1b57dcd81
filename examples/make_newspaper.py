"""Make an original Italian newspaper of four pages: with text layer, or as the scan of a print.

    python examples/make_newspaper.py giornale.pdf
    python examples/make_newspaper.py scansione.pdf --scan --dpi 200 --noise 8 --skew 0.4
    python examples/make_newspaper.py giornale.pdf --truth truth.json

Two pages of articles, an advertisement and a blank one. Titles run over one to three columns,
articles over several; lines are justified and hyphenated. What is right to find in it goes into
`--truth`. The same arguments give the same paper. The text (newspaper.toml) is the project's own.
Needs reportlab (`pip install "haulage[demo]"`); scans need pypdfium2, Pillow and numpy as well.
"""

import argparse
import io
import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

TEXT = Path(__file__).with_name("newspaper.toml")

# Points.
_PAGE = (842.0, 720.0)
_MARGIN, _GUTTER = 40.0, 18.0
_SIZE, _LEADING, _INDENT = 10.5, 12.6, 10.0
_ROMAN, _ITALIC, _BOLD = "Times-Roman", "Times-Italic", "Times-Bold"
_TITLE_SIZES = {1: 20.0, 2: 27.0, 3: 33.0}
_DECK_SIZE = 13.0
_OPEN = 0.08
_VOWELS = "aeiouàèéìòù"
_BREAK = re.compile(
    rf"(?<=[{_VOWELS}])(?=(?:[bcdfgptv][lr]|ch|gh|gn|gl|qu|[bcdfglmnpqrstvz])[{_VOWELS}])"
    rf"|(?<=[{_VOWELS}][lmnr])(?=[bcdfgpqstvz][{_VOWELS}])"
)


@dataclass(frozen=True)
class Wear:
    """What printing, years and a scanner did. `noise` in grey levels, `skew` in degrees, `blur` in
    dots; `show_through` is how much of the page's back shines through, from 0 to 1."""

    dpi: int = 200
    noise: float = 8.0
    skew: float = 0.0
    blur: float = 0.0
    specks: float = 0.0
    show_through: float = 0.0
    seed: int = 1950


def make_newspaper() -> bytes:
    """The PDF with its text layer."""
    paper = _text()
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=_PAGE, pageCompression=1, invariant=1)
    canvas.setTitle(paper["name"])
    for number, rows in enumerate(paper["pages"], start=1):
        top = _print_head(canvas, paper, number)
        columns = sum(span for _, span in rows[0])
        for row in rows:
            top = _print_row(canvas, paper["articles"], row, columns, top)
        canvas.showPage()
    _print_advertisement(canvas, paper["advertisement"]["lines"])
    canvas.showPage()
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


def make_scan(wear: Wear | None = None) -> bytes:
    """The same paper as a PDF of images, as a scanner would deliver it."""
    pages = scanned_pages(wear or Wear())
    stream = io.BytesIO()
    dpi = (wear or Wear()).dpi
    pages[0].save(stream, "PDF", save_all=True, append_images=pages[1:], resolution=dpi, quality=90)
    return stream.getvalue()


def scanned_pages(wear: Wear, numbers: Sequence[int] = (1, 2, 3, 4)) -> list[Any]:
    """The pages of these numbers as grey images, worn."""
    import numpy as np
    import pypdfium2
    from PIL import Image, ImageFilter

    random = np.random.default_rng(wear.seed)
    document = pypdfium2.PdfDocument(make_newspaper())

    def printed(place: int) -> Any:
        bitmap = document[place].render(scale=wear.dpi / 72, grayscale=True)
        return bitmap.to_pil().convert("L")

    worn = []
    for number in numbers:
        # Paper is no white, and ink no black.
        dots = 40 + np.asarray(printed(number - 1), dtype=np.float32) * (190 / 255)
        if wear.show_through:
            back = printed((number - 1) ^ 1).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            ghost = np.asarray(back.filter(ImageFilter.GaussianBlur(wear.dpi / 150)))
            dots = dots - (255.0 - ghost) * 0.45 * wear.show_through
        angle = wear.skew * (1 if number % 2 else -1)
        image = Image.fromarray(dots.clip(0, 255).astype(np.uint8))
        image = image.rotate(angle, resample=Image.Resampling.BICUBIC, fillcolor=230)
        if wear.blur:
            image = image.filter(ImageFilter.GaussianBlur(wear.blur))
        dots = np.asarray(image, dtype=np.float32)
        dots = dots + random.normal(0.0, wear.noise, dots.shape)
        if wear.specks:
            dots[random.random(dots.shape) < wear.specks / 2] = 20
            dots[random.random(dots.shape) < wear.specks / 2] = 250
        worn.append(Image.fromarray(dots.clip(0, 255).astype(np.uint8)))
    document.close()
    return worn


def truth() -> dict[str, Any]:
    """What a perfect reader finds, in the shape of the job's result."""
    paper = _text()
    pages = [
        {
            "page_number": number,
            "status": "processed",
            "reason": "",
            "articles": [_article(paper["articles"][name]) for row in rows for name, _ in row],
        }
        for number, rows in enumerate(paper["pages"], start=1)
    ]
    pages += [
        {"page_number": 3, "status": "skipped", "reason": "advertisement", "articles": []},
        {"page_number": 4, "status": "skipped", "reason": "blank", "articles": []},
    ]
    return {"issue_date": paper["date"], "pages": pages}


def _article(given: dict[str, Any]) -> dict[str, Any]:
    return {**given, "body": given["body"].strip()}


def _text() -> dict[str, Any]:
    return tomllib.loads(TEXT.read_text(encoding="utf-8"))


def _print_head(canvas: Canvas, paper: dict[str, Any], number: int) -> float:
    """Masthead and date line, or the folio of an inner page; where the articles begin."""
    width, height = _PAGE
    left, middle, right = paper["dateline"]
    if number > 1:
        left, right = f"Pagina {number}", paper["name"]
    y = height - 46
    if number == 1:
        canvas.setFont(_BOLD, 48)
        canvas.drawCentredString(width / 2, height - 80, paper["name"].upper())
        y = height - 106
    canvas.setFont(_ROMAN, _SIZE)
    canvas.drawString(_MARGIN, y, left)
    canvas.drawCentredString(width / 2, y, middle)
    canvas.drawRightString(width - _MARGIN, y, right)
    canvas.line(_MARGIN, y - 7, width - _MARGIN, y - 7)
    return y - 16


def _print_row(
    canvas: Canvas, articles: dict[str, Any], row: list[list[Any]], columns: int, top: float
) -> float:
    """A row of articles side by side; where the next one begins."""
    width = (_PAGE[0] - 2 * _MARGIN - (columns - 1) * _GUTTER) / columns
    x, lowest = _MARGIN, top
    for name, span in row:
        lowest = min(lowest, _print_article(canvas, articles[name], x, top, span, width))
        x += span * (width + _GUTTER)
    canvas.line(_MARGIN, lowest - 8, _PAGE[0] - _MARGIN, lowest - 8)
    return lowest - 14


def _print_article(
    canvas: Canvas, article: dict[str, Any], x: float, top: float, span: int, width: float
) -> float:
    whole = span * width + (span - 1) * _GUTTER
    middle = x + whole / 2
    size = _TITLE_SIZES[span]
    y = top - 4
    for text, font, height in (
        (article["title"], _BOLD, size),
        (article["subtitle"], _ITALIC, _DECK_SIZE),
    ):
        for line in _wrapped(text, font, height, whole * 0.98):
            y -= height * 1.12
            canvas.setFont(font, height)
            canvas.drawCentredString(middle, y, line)
        y -= 4
    y -= _LEADING
    lines = [
        line for text in article["body"].strip().split("\n") for line in _justified(text, width)
    ]
    rows = -(-(len(lines) + bool(article["author"])) // span)
    for index, line in enumerate(lines):
        column, place = divmod(index, rows)
        text = canvas.beginText(x + column * (width + _GUTTER) + line.indent, y - place * _LEADING)
        text.setFont(_ROMAN, _SIZE)
        text.setWordSpace(line.word_space)
        text.textLine(line.text)
        canvas.drawText(text)
    if article["author"]:
        column, place = divmod(len(lines), rows)
        canvas.setFont(_BOLD, _SIZE - 0.5)
        right = x + column * (width + _GUTTER) + width
        canvas.drawRightString(right, y - place * _LEADING, article["author"])
    return y - rows * _LEADING


def _print_advertisement(canvas: Canvas, lines: list[list[Any]]) -> None:
    y = _PAGE[1] - 120
    for text, size in lines:
        canvas.setFont(_BOLD if size > 30 else _ITALIC, size)
        canvas.drawCentredString(_PAGE[0] / 2, y, text)
        y -= 90


@dataclass(frozen=True)
class _Line:
    text: str
    indent: float
    word_space: float


def _wrapped(text: str, font: str, size: float, width: float) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and stringWidth(longer, font, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _justified(paragraph: str, width: float) -> list[_Line]:
    words = paragraph.split()
    lines: list[_Line] = []
    while words:
        indent = 0.0 if lines else _INDENT
        room = width - indent
        count = 1
        while count < len(words) and _measure(" ".join(words[: count + 1])) <= room:
            count += 1
        taken, words = words[:count], words[count:]
        if not words:
            lines.append(_Line(" ".join(taken), indent, 0.0))
            break
        if room - _measure(" ".join(taken)) > _OPEN * room:
            head, tail = _hyphenated(words[0], room - _measure(" ".join([*taken, ""])))
            if head:
                taken, words = [*taken, head], [tail, *words[1:]]
        gaps = len(taken) - 1
        space = (room - _measure(" ".join(taken))) / gaps if gaps else 0.0
        lines.append(_Line(" ".join(taken), indent, space))
    return lines


def _hyphenated(word: str, room: float) -> tuple[str, str]:
    if not re.fullmatch(r"[^\W\d_]{6,}[,.;:]*", word) or not word[0].islower():
        return "", ""
    letters = len(word.rstrip(",.;:"))
    for place in reversed([match.start() for match in _BREAK.finditer(word)]):
        if 2 <= place <= letters - 2 and _measure(word[:place] + "-") <= room:
            return word[:place] + "-", word[place:]
    return "", ""


def _measure(text: str) -> float:
    return float(stringWidth(text, _ROMAN, _SIZE))


def main() -> None:
    """Write the PDF named on the command line."""
    parser = argparse.ArgumentParser(description="Make an original Italian newspaper as PDF.")
    parser.add_argument("path", type=Path, help="where to write it")
    parser.add_argument("--scan", action="store_true", help="as images, without a text layer")
    parser.add_argument("--truth", type=Path, help="write what is right to find in it, as JSON")
    for name in ("dpi", "noise", "skew", "blur", "specks", "show_through", "seed"):
        usual = getattr(Wear(), name)
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(usual), default=usual)
    given = vars(parser.parse_args())
    path, scan, wanted = given.pop("path"), given.pop("scan"), given.pop("truth")
    path.write_bytes(make_scan(Wear(**given)) if scan else make_newspaper())
    if wanted:
        wanted.write_text(json.dumps(truth(), ensure_ascii=False, indent=1), encoding="utf-8")
    print(f"{path}: 4 pages")


if __name__ == "__main__":
    main()
