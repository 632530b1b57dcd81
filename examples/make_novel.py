"""Make an original French novel as PDF, as long as you like.

    python examples/make_novel.py novel.pdf --pages 60

The prose is the project's own (novel.toml), put together anew by a seeded random generator: the
same seed and number of pages give the same bytes. The page looks as printed novels do: running
heads that change from left to right page, page numbers, chapters, justified lines, words hyphenated
at line ends. Needs reportlab (`pip install "haulage[demo]"`).
"""

import argparse
import io
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

PROSE = Path(__file__).with_name("novel.toml")
DEFAULT_PAGES = 60
DEFAULT_SEED = 1857

# Points. A5, as paperbacks are; 31 lines of 11 point.
_PAGE = (420.0, 595.0)
_LEFT, _TOP, _WIDTH, _LEADING, _LINES = 52.0, 520.0, 316.0, 14.6, 31
_FONT, _SIZE, _INDENT = "Times-Roman", 11.0, 14.0
_CHAPTER_PAGES = (5, 8)
_HEADING_LINES = 7
# A line is hyphenated only where it would otherwise stand this much too open.
_OPEN = 0.06
_VOWELS = "aàâeéèêëiîïoôuùûüyœ"
# A break stands before a consonant that a vowel follows, and never inside these groups.
_BREAK = re.compile(
    rf"(?<=[{_VOWELS}])(?=(?:[bcdfgptv][lr]|ch|ph|th|gn|qu|[bcdfgjklmnprstvz])[{_VOWELS}])|(?<=[{_VOWELS}][lmnrs])(?=[bcdfgjklmnprstv][{_VOWELS}])"
)
# What a name put in the place of another asks of French: `d'Anselme`, a capital after a full stop.
_ELIDED = re.compile(
    r"\b([DdLlJjNn]|[Qq]u|[Ll]orsqu|[Pp]uisqu|[Jj]usqu)e (?=[AÉY][a-zé]+|il\b|une?\b)"
)
_SENTENCE_START = re.compile(r"(^(?:— )?|[.!?] )([a-zéà])(?=a veuve)", re.M)
_ROMAN = ("X", "IX", "V", "IV", "I"), (10, 9, 5, 4, 1)


def make_novel(pages: int = DEFAULT_PAGES, *, seed: int = DEFAULT_SEED) -> bytes:
    """The PDF of a novel of exactly `pages` pages; raises ValueError below 1."""
    if pages < 1:
        raise ValueError("a novel has at least one page")
    author = _Author(Random(seed))
    stream = io.BytesIO()
    # `invariant` leaves out the date and the random id: equal arguments give equal bytes.
    canvas = Canvas(stream, pagesize=_PAGE, pageCompression=1, invariant=1)
    canvas.setTitle(author.title)
    canvas.setAuthor(author.name)
    printer = _Printer(canvas, author, pages)
    printer.print_all()
    canvas.save()
    return stream.getvalue()


class _Author:
    """Tells the story paragraph by paragraph, never the same thing twice in a row."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._prose: dict[str, Any] = tomllib.loads(PROSE.read_text(encoding="utf-8"))
        self._decks: dict[str, list[Any]] = {}
        self._rounds: dict[str, list[Any]] = {}
        self.title: str = self._prose["titre"]
        self.name: str = self._prose["auteur"]
        self._cast: list[dict[str, str]] = []

    def chapter_title(self, number: int) -> str:
        titles = self._prose["chapitres"]
        return str(titles[(number - 1) % len(titles)])

    def begin_chapter(self) -> None:
        """Choose who the next chapter is about."""
        self._cast = self._random.sample(self._prose["personnages"], 3)

    def paragraphs(self) -> Iterator[str]:
        """Paragraphs of the chapter, without end; the first opens it."""
        yield self._paragraph("ouvertures", full_name=True)
        while True:
            kinds = ["descriptions", "gestes", "pensees", "dialogues", "gestes", "souvenirs"]
            kinds += ["dialogues", "nouvelles", "gestes", "pensees"]
            self._random.shuffle(kinds)
            for kind in kinds:
                text = self._paragraph(kind)
                if kind in ("gestes", "pensees") and self._random.random() < 0.6:
                    text += " " + self._paragraph(self._random.choice(("gestes", "pensees")))
                yield from text.split("\n")

    def ending(self) -> str:
        return self._paragraph("clotures")

    def _paragraph(self, kind: str, *, full_name: bool = False) -> str:
        template = self._draw(kind)
        hero, other = self._random.sample(self._cast, 2)
        feminine = hero["genre"] == "f"
        place = self._draw("lieux")
        pronoun = "elle" if feminine else "il"
        text = str(template).format(
            A=hero["nom" if full_name else "court"],
            B=other["court"],
            il=pronoun,
            Il=pronoun.capitalize(),
            e="e" if feminine else "",
            metier=hero["metier"],
            lieu=place,
            lieu_maj=place[0].upper() + place[1:],
            objet=self._draw("objets"),
            heure=self._draw("heures"),
            ciel=self._draw("ciels"),
        )
        text = _ELIDED.sub(r"\1'", text)
        return _SENTENCE_START.sub(lambda start: start[1] + start[2].upper(), text)

    def _draw(self, kind: str) -> Any:
        """The next card of a deck: everything is said once before anything comes again.

        What came late in one round comes late in the next, so nothing comes twice in a row.
        """
        if not self._decks.get(kind):
            cards = self._rounds.get(kind) or self._shuffled(self._prose[kind])
            half = len(cards) // 2
            cards = self._shuffled(cards[:half]) + self._shuffled(cards[half:])
            self._rounds[kind] = cards
            self._decks[kind] = cards[::-1]
        return self._decks[kind].pop()

    def _shuffled(self, cards: list[Any]) -> list[Any]:
        return self._random.sample(cards, len(cards))


@dataclass
class _Printer:
    """Sets paragraphs in lines and lines on pages, until the book is full."""

    canvas: Canvas
    author: _Author
    pages: int
    page: int = 0
    line: int = 0
    chapter: int = 0
    head: str = field(default="")

    def print_all(self) -> None:
        random = Random(self.pages)
        while self.page < self.pages:
            length = random.randint(*_CHAPTER_PAGES)
            rest = self.pages - self.page
            # No chapter of a page or two at the end of the book.
            last = self.pages if rest < length + _CHAPTER_PAGES[0] else self.page + length
            self._print_chapter(last)

    def _print_chapter(self, last_page: int) -> None:
        self.chapter += 1
        self.author.begin_chapter()
        self.head = self.author.chapter_title(self.chapter)
        self._new_page(with_head=False)
        self._print_heading()
        ending = _set_lines(self.author.ending())
        for paragraph in self.author.paragraphs():
            lines = _set_lines(paragraph)
            room = (last_page - self.page) * _LINES + _LINES - self.line
            if len(lines) + len(ending) + 2 > room:
                break
            self._print_lines(lines)
        self._print_lines(ending)
        while self.page < last_page:
            self._new_page(with_head=True)
        if last_page == self.pages and self.line + 2 <= _LINES:
            self.canvas.setFont(_FONT, _SIZE)
            self.canvas.drawCentredString(_PAGE[0] / 2, self._y(self.line + 1), "FIN")

    def _print_heading(self) -> None:
        middle = _PAGE[0] / 2
        self.canvas.setFont(_FONT, 13)
        self.canvas.drawCentredString(middle, self._y(2), f"CHAPITRE {_roman(self.chapter)}")
        self.canvas.setFont("Times-Italic", 13)
        self.canvas.drawCentredString(middle, self._y(4), self.head)
        self.line = _HEADING_LINES

    def _print_lines(self, lines: list["_Line"]) -> None:
        for line in lines:
            if self.line >= _LINES:
                self._new_page(with_head=True)
            text = self.canvas.beginText(_LEFT + line.indent, self._y(self.line))
            text.setFont(_FONT, _SIZE)
            text.setWordSpace(line.word_space)
            text.textLine(line.text)
            self.canvas.drawText(text)
            self.line += 1

    def _new_page(self, *, with_head: bool) -> None:
        if self.page:
            self.canvas.showPage()
        self.page += 1
        self.line = 0
        self.canvas.setFont(_FONT, 9)
        if with_head:
            left = self.page % 2 == 0
            head = self.author.title.upper() if left else self.head
            self.canvas.drawCentredString(_PAGE[0] / 2, _TOP + 26, head)
        self.canvas.drawCentredString(_PAGE[0] / 2, 36, f"— {self.page} —")

    def _y(self, line: int) -> float:
        return _TOP - line * _LEADING


@dataclass(frozen=True)
class _Line:
    text: str
    indent: float
    word_space: float


def _set_lines(paragraph: str) -> list[_Line]:
    """Break a paragraph into justified lines, hyphenating where a line would stand too open."""
    words = paragraph.split()
    lines: list[_Line] = []
    while words:
        indent = 0.0 if lines else _INDENT
        width = _WIDTH - indent
        count = 1
        while count < len(words) and _measure(words[: count + 1]) <= width:
            count += 1
        taken, words = words[:count], words[count:]
        if not words:
            lines.append(_Line(" ".join(taken), indent, 0.0))
            break
        if width - _measure(taken) > _OPEN * width:
            head, tail = _hyphenate(words[0], width - _measure([*taken, ""]))
            if head:
                taken, words = [*taken, head], [tail, *words[1:]]
        gaps = len(taken) - 1
        space = (width - _measure(taken)) / gaps if gaps else 0.0
        lines.append(_Line(" ".join(taken), indent, space))
    return lines


def _hyphenate(word: str, room: float) -> tuple[str, str]:
    """The longest beginning of `word` that fits, with its hyphen, and the rest; or two blanks."""
    if not re.fullmatch(r"[^\W\d_]{6,}[,.;:!?»]*", word) or not word[0].islower():
        return "", ""
    places = [match.start() for match in _BREAK.finditer(word)]
    letters = len(word.rstrip(",.;:!?»"))
    for place in reversed(places):
        if 2 <= place <= letters - 3 and _measure([word[:place] + "-"]) <= room:
            return word[:place] + "-", word[place:]
    return "", ""


def _measure(words: list[str]) -> float:
    return float(stringWidth(" ".join(words), _FONT, _SIZE))


def _roman(number: int) -> str:
    numeral = ""
    for sign, value in zip(*_ROMAN, strict=True):
        while number >= value:
            numeral += sign
            number -= value
    return numeral


def main() -> None:
    """Write the PDF named on the command line."""
    parser = argparse.ArgumentParser(description="Make an original French novel as PDF.")
    parser.add_argument("path", type=Path, help="where to write it")
    parser.add_argument("--pages", type=int, default=DEFAULT_PAGES)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    arguments = parser.parse_args()
    arguments.path.write_bytes(make_novel(arguments.pages, seed=arguments.seed))
    print(f"{arguments.path}: {arguments.pages} pages")


if __name__ == "__main__":
    main()
