"""A PDF as a reader sees it: whole sentences, each on the page where it begins."""

from dataclasses import dataclass
from os import PathLike

from haulage.documents.cleaning import clean_pages
from haulage.documents.errors import NoText
from haulage.documents.language import detect_language
from haulage.documents.pdf import MAX_PAGES, PageText, page_texts
from haulage.documents.sentences import sentence_spans

_SAMPLE_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Book:
    """`sentences` holds one tuple per page, in order; `faults` the pages that could not be read."""

    language: str
    sentences: tuple[tuple[str, ...], ...]
    faults: tuple[PageText, ...]

    @property
    def pages(self) -> int:
        return len(self.sentences)

    def on_page(self, page: int) -> tuple[str, ...]:
        """The sentences that begin on `page`, counted from 1."""
        return self.sentences[page - 1]


def read_book(content: bytes | PathLike[str], *, max_pages: int = MAX_PAGES) -> Book:
    """Read a born-digital PDF; raises a `DocumentFault`, `NoText` when no page has any."""
    pages = page_texts(content, max_pages=max_pages)
    faults = tuple(page for page in pages if page.fault)
    paragraphs = clean_pages([(page.page, page.text) for page in pages if not page.fault])
    if not paragraphs:
        raise NoText(_why_no_text(pages))
    sentences: list[list[str]] = [[] for _ in pages]
    for paragraph in paragraphs:
        for start, end in sentence_spans(paragraph.text):
            sentence = " ".join(paragraph.text[start:end].split())
            sentences[paragraph.page_at(start) - 1].append(sentence)
    return Book(
        language=detect_language(_sample([paragraph.text for paragraph in paragraphs])),
        sentences=tuple(tuple(page) for page in sentences),
        faults=faults,
    )


def _sample(paragraphs: list[str]) -> str:
    """Text from the middle, past prefaces and imprints in other languages."""
    middle = len(paragraphs) // 2
    sample = " ".join(paragraphs[middle : middle + 100])
    if len(sample) < _SAMPLE_CHARACTERS:
        sample = " ".join(paragraphs)
    return sample[:_SAMPLE_CHARACTERS]


def _why_no_text(pages: list[PageText]) -> str:
    reasons = {page.fault for page in pages if page.fault}
    if len(reasons) == 1 and len(pages) == sum(1 for page in pages if page.fault):
        return f"No page of the PDF can be read ({len(pages)} pages). {reasons.pop()}"
    where = f"any of its {len(pages)} pages" if len(pages) > 1 else "its only page"
    return f"The PDF has no text on {where}; what is scanned must be read by OCR first."
