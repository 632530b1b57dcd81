"""`extract_text`: documents of any kind, page by page."""

import io

import pytest
from bad_documents import drawn, encrypted, nothing, of_pages, picture, words
from newspaper_scans import market

from examples.make_novel import make_novel
from haulage.documents.errors import DamagedPdf, DocumentFault, EncryptedPdf, TooManyPages
from haulage.domain.context import ChildOutcome
from haulage.domain.errors import HaulageError
from haulage.domain.ids import uuid7
from haulage.handlers.extract_text import TextInput, extract_text
from haulage.handlers.read_page import PageInput, read_page
from haulage.testing import FakeBlockingContext


def reading() -> FakeBlockingContext:
    """A context whose children are run as they are asked for."""

    def run(child) -> ChildOutcome:
        try:
            result = read_page(PageInput.model_validate(child.input), ctx)
        except HaulageError as error:
            return ChildOutcome(uuid7(), "failed", error={"message": str(error)})
        return ChildOutcome(uuid7(), "succeeded", result.model_dump(mode="json"))

    ctx = FakeBlockingContext(on_child=run)
    return ctx


def extract(content: bytes, *, name: str = "document.pdf"):
    ctx = reading()
    return extract_text(TextInput(file=ctx.add_file(content, name=name).id), ctx).pages


def test_a_novel_is_clean_text_page_by_page():
    pages = extract(make_novel(12))
    text = " ".join(page.text for page in pages)

    assert [page.page_number for page in pages] == list(range(1, 13))
    assert {page.language for page in pages} == {"fr"}
    assert "LES HEURES DE KERVADEC" not in text
    assert "— 3 —" not in text
    assert not any("-\n" in page.text for page in pages)


def test_a_scanned_image_is_read():
    stream = io.BytesIO()
    market().image.save(stream, "PNG", dpi=(200, 200))
    (page,) = extract(stream.getvalue(), name="ritaglio.png")

    assert (page.status, page.language) == ("processed", "it")
    assert "le acciughe si vendono a centodieci lire il chilo" in page.text


def test_one_bad_page_does_not_sink_the_others():
    pages = extract(drawn(words, picture, nothing, words))

    assert [(page.status, page.reason) for page in pages] == [
        ("processed", ""),
        ("skipped", "only pictures, no text"),
        ("skipped", "blank"),
        ("processed", ""),
    ]


def test_a_page_with_nothing_on_it_is_none_that_failed():
    ctx = reading()
    extract_text(TextInput(file=ctx.add_file(drawn(words, nothing)).id), ctx)

    assert (ctx.reports[-1].done, ctx.reports[-1].failed) == (2, 0)


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (lambda: drawn(words)[:600], DamagedPdf),
        (lambda: encrypted(), EncryptedPdf),
        (lambda: b"%PDF-1.7\n", DamagedPdf),
        (lambda: b"", DocumentFault),
        (lambda: b"no document at all, whatever its name says", DocumentFault),
        (lambda: of_pages(2_001), TooManyPages),
    ],
    ids=["truncated", "encrypted", "header only", "empty", "not a pdf", "too long"],
)
def test_a_bad_file_ends_the_job_with_its_reason_and_is_not_tried_again(made, fault):
    content = made()
    with pytest.raises(fault):
        extract(content)
