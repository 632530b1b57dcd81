"""`rewrite_novel` without a model, and what it makes of files and failures."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

import haulage.handlers.rewrite_novel as module
from haulage.domain.errors import NotRetryable, Retryable
from haulage.domain.language_model import ChatRequest
from haulage.domain.provider_errors import ProviderUnavailable
from haulage.handlers import load_all
from haulage.handlers.rewrite_novel import RewriteInput, rewrite_novel
from haulage.testing import FakeContext
from tests.handlers.novels import novel, reading_context, rewrite


@pytest.fixture
def ctx() -> FakeContext:
    return reading_context()


async def test_a_novel_becomes_short_sentences_on_their_pages(ctx: FakeContext) -> None:
    result = await rewrite(ctx, novel(45), sentence_length_limit=8)

    assert result.method == "split"
    assert result.language == "fr"
    assert {sentence.page for sentence in result.sentences} == set(range(1, 46))
    assert all(len(sentence.text.split()) <= 8 for sentence in result.sentences)
    assert [sentence.page for sentence in result.sentences] == sorted(
        sentence.page for sentence in result.sentences
    )
    assert (result.chunks.total, result.chunks.processed, result.chunks.failed) == (3, 3, [])


async def test_no_word_is_lost_or_rewritten(ctx: FakeContext) -> None:
    result = await rewrite(ctx, novel(1), sentence_length_limit=5)

    assert " ".join(sentence.text for sentence in result.sentences) == (
        "Chapitre 1 fini. Le vent tomba, la mer se calma, "
        "et les barques du petit port rentrèrent avant la nuit noire."
    )


async def test_progress_counts_chunks(ctx: FakeContext) -> None:
    await rewrite(ctx, novel(45))

    assert [(report.done, report.total) for report in ctx.reports if report.total] == [
        (1, 3),
        (2, 3),
        (3, 3),
    ]


async def test_a_second_attempt_runs_no_finished_chunk_again(ctx: FakeContext) -> None:
    content = novel(45)
    first = await rewrite(ctx, content)
    ctx.next_attempt()

    # The same bytes uploaded anew: a chunk is known by the content, not by the file's id.
    assert await rewrite(ctx, content) == first
    assert ctx.executed == ["chunk"] * 3


@pytest.fixture
def splitting(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception | None], None]:
    """Says how the splitting of page 21's chunk fails; None: not any more."""
    split = module.split_pages

    def set_fault(error: Exception | None) -> None:
        def at_page_21(pages: Any, max_words: int) -> Any:
            if error is not None and pages[0].page == 21:
                raise error
            return split(pages, max_words)

        monkeypatch.setattr(module, "split_pages", at_page_21)

    return set_fault


async def test_a_retry_of_a_partial_result_runs_only_what_failed(
    ctx: FakeContext, splitting: Callable[[Exception | None], None]
) -> None:
    content = novel(45)
    splitting(Retryable("no room"))
    await rewrite(ctx, content)
    splitting(None)
    ctx.executed.clear()
    ctx.next_attempt()

    result = await rewrite(ctx, content)

    assert ctx.executed == ["chunk"]
    assert result.chunks.failed == []


async def test_a_failed_chunk_is_reported_and_the_others_are_kept(
    ctx: FakeContext, splitting: Callable[[Exception | None], None]
) -> None:
    splitting(NotRetryable("the ink ran out"))

    result = await rewrite(ctx, novel(45))

    assert result.chunks.model_dump() == {
        "total": 3,
        "processed": 2,
        "failed": [{"first_page": 21, "last_page": 40, "reason": "the ink ran out"}],
    }
    assert {sentence.page for sentence in result.sentences} == {*range(1, 21), *range(41, 46)}


async def test_when_every_chunk_fails_the_job_fails(ctx: FakeContext) -> None:
    def away(_request: ChatRequest) -> Any:
        raise ProviderUnavailable("It is down.")

    ctx.on_chat = away
    with pytest.raises(NotRetryable, match="It is down"):
        await rewrite(ctx, novel(2))


async def test_a_bad_page_is_reported_and_the_others_are_kept(ctx: FakeContext) -> None:
    result = await rewrite(ctx, novel(4, scans=(2,)))

    assert [(item.first_page, item.last_page) for item in result.chunks.failed] == [(2, 2)]
    assert "image" in result.chunks.failed[0].reason
    assert {sentence.page for sentence in result.sentences} == {1, 3, 4}
    assert result.chunks.processed == 1


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "not_a_pdf", "empty"),
        (b"just text", "not_a_pdf", "not a PDF"),
        (b"%PDF-1.4\n%%EOF", "damaged_pdf", "damaged"),
        (novel(3)[:600], "damaged_pdf", "cut off"),
        (novel(2, scans=(1, 2)), "no_text", "image without a text layer"),
    ],
)
async def test_a_file_that_is_no_readable_novel_fails_for_good(
    ctx: FakeContext, content: bytes, code: str, words: str
) -> None:
    with pytest.raises(NotRetryable, match=words) as caught:
        await rewrite(ctx, content)
    assert caught.value.code == code


async def test_a_file_that_is_not_there_fails_for_good(ctx: FakeContext) -> None:
    with pytest.raises(NotRetryable, match="no file"):
        await rewrite_novel(RewriteInput(file=uuid4()), ctx)


async def test_the_result_has_exactly_the_promised_shape(ctx: FakeContext) -> None:
    result = await rewrite(ctx, novel(1))
    declared = load_all().get("rewrite_novel")

    assert declared.dump_result(result) == result.model_dump_json()
    assert list(result.model_dump()) == ["language", "method", "sentences", "chunks", "usage"]
    assert result.usage.model_dump() == {
        "calls": 0,
        "input_tokens": 0,
        "output_tokens": 0,
        "cost": 0.0,
    }


async def test_a_table_of_ones_own_cuts_otherwise(ctx: FakeContext) -> None:
    ctx.settings["novel_chunks"] = "10=5x1,100=9x2"
    assert (await rewrite(ctx, novel(20))).chunks.total == 3
    ctx.settings["novel_chunks"] = "a few"
    with pytest.raises(NotRetryable, match="HAULAGE_HANDLER_NOVEL_CHUNKS"):
        await rewrite(ctx, novel(1))
