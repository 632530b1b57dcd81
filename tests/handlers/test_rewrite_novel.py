"""`rewrite_novel`, offline."""

import io
from uuid import uuid4

import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

import haulage.handlers.rewrite_novel as module
from haulage.domain.errors import NotRetryable, Retryable
from haulage.handlers import load_all
from haulage.handlers.rewrite_novel import RewriteInput, rewrite_novel
from haulage.testing import FakeBlockingContext


def novel(pages: int, *, scans: tuple[int, ...] = ()) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, invariant=1)
    for page in range(1, pages + 1):
        if page in scans:
            canvas.drawImage(ImageReader(Image.new("L", (20, 20))), 0, 0, 300, 500)
        else:
            canvas.drawString(72, 740, f"Chapitre {page} fini. Le vent tomba, la mer se calma, et")
            canvas.drawString(72, 720, "les barques du petit port rentrèrent avant la nuit noire.")
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


@pytest.fixture
def ctx() -> FakeBlockingContext:
    return FakeBlockingContext()


def rewrite(ctx: FakeBlockingContext, content: bytes, **more):
    file = ctx.add_file(content, name="novel.pdf", media_type="application/pdf")
    return rewrite_novel(RewriteInput(file=file.id, **more), ctx)


def test_a_novel_becomes_short_sentences_on_their_pages(ctx):
    result = rewrite(ctx, novel(45), sentence_length_limit=8)

    assert result.method == "split"
    assert result.language == "fr"
    assert {sentence.page for sentence in result.sentences} == set(range(1, 46))
    assert all(len(sentence.text.split()) <= 8 for sentence in result.sentences)
    assert [sentence.page for sentence in result.sentences] == sorted(
        sentence.page for sentence in result.sentences
    )
    assert (result.chunks.total, result.chunks.processed, result.chunks.failed) == (3, 3, [])


def test_no_word_is_lost_or_rewritten(ctx):
    result = rewrite(ctx, novel(1), sentence_length_limit=5)

    assert " ".join(sentence.text for sentence in result.sentences) == (
        "Chapitre 1 fini. Le vent tomba, la mer se calma, "
        "et les barques du petit port rentrèrent avant la nuit noire."
    )


def test_progress_counts_chunks(ctx):
    rewrite(ctx, novel(45))

    assert [(report.done, report.total) for report in ctx.reports if report.total] == [
        (1, 3),
        (2, 3),
        (3, 3),
    ]


def test_a_second_attempt_runs_no_finished_chunk_again(ctx):
    content = novel(45)
    first = rewrite(ctx, content)
    ctx.next_attempt()

    # The same bytes uploaded anew: a chunk is known by the content, not by the file's id.
    assert rewrite(ctx, content) == first
    assert len(ctx.executed) == 3


def test_an_interrupted_run_goes_on_at_the_failed_chunk(ctx, monkeypatch):
    content, split = novel(45), module._split_pages

    def fails_at_page_21(book, first_page, last_page, max_words):
        if first_page == 21:
            raise Retryable("no room")
        return split(book, first_page, last_page, max_words)

    monkeypatch.setattr(module, "_split_pages", fails_at_page_21)
    rewrite(ctx, content)
    monkeypatch.setattr(module, "_split_pages", split)
    ctx.executed.clear()
    ctx.next_attempt()

    result = rewrite(ctx, content)

    assert len(ctx.executed) == 1
    assert result.chunks.failed == []


def test_a_failed_chunk_is_reported_and_the_others_are_kept(ctx, monkeypatch):
    split = module._split_pages

    def fails_at_page_21(book, first_page, last_page, max_words):
        if first_page == 21:
            raise NotRetryable("the ink ran out")
        return split(book, first_page, last_page, max_words)

    monkeypatch.setattr(module, "_split_pages", fails_at_page_21)

    result = rewrite(ctx, novel(45))

    assert result.chunks.model_dump() == {
        "total": 3,
        "processed": 2,
        "failed": [{"first_page": 21, "last_page": 40, "reason": "the ink ran out"}],
    }
    assert {sentence.page for sentence in result.sentences} == {*range(1, 21), *range(41, 46)}


def test_when_every_chunk_fails_the_job_fails(ctx, monkeypatch):
    def fails(*_):
        raise NotRetryable("the ink ran out")

    monkeypatch.setattr(module, "_split_pages", fails)

    with pytest.raises(NotRetryable, match="the ink ran out"):
        rewrite(ctx, novel(2))


def test_a_bad_page_is_reported_and_the_others_are_kept(ctx):
    result = rewrite(ctx, novel(4, scans=(2,)))

    assert [(item.first_page, item.last_page) for item in result.chunks.failed] == [(2, 2)]
    assert "image" in result.chunks.failed[0].reason
    assert {sentence.page for sentence in result.sentences} == {1, 3, 4}
    assert result.chunks.processed == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"just text", "not a PDF"),
        (b"%PDF-1.4\n%%EOF", "damaged"),
        (novel(3)[:1_500], "cut off"),
        (novel(2, scans=(1, 2)), "image without a text layer"),
    ],
)
def test_a_file_that_is_no_readable_novel_fails_for_good(ctx, content, words):
    with pytest.raises(NotRetryable, match=words):
        rewrite(ctx, content)


def test_a_file_that_is_not_there_fails_for_good(ctx):
    with pytest.raises(NotRetryable, match="no file"):
        rewrite_novel(RewriteInput(file=uuid4()), ctx)


def test_the_result_has_exactly_the_promised_shape(ctx):
    result = rewrite(ctx, novel(1))
    declared = load_all().get("rewrite_novel")

    assert declared.dump_result(result) == result.model_dump_json()
    assert list(result.model_dump()) == ["language", "method", "sentences", "chunks", "usage"]
    assert result.usage.model_dump() == {
        "calls": 0,
        "input_tokens": 0,
        "output_tokens": 0,
        "cost": 0.0,
    }
