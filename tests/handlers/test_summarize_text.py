"""`summarize_text`: by the text's own sentences, or by a model whose answers are checked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from haulage.domain.context import Child, ChildOutcome
from haulage.domain.errors import NotRetryable
from haulage.domain.ids import uuid7
from haulage.domain.language_model import ChatRequest
from haulage.domain.provider_errors import BadOutput, ProviderUnavailable
from haulage.handlers.extract_summary import ExtractInput, extract_summary
from haulage.handlers.summarize_text import (
    LOCAL_CHARACTERS,
    PART_CHARACTERS,
    SummarizeInput,
    summarize_text,
)
from haulage.testing import FakeBlockingContext, FakeContext

TEXT = (Path(__file__).parents[2] / "examples" / "clocks.txt").read_text(encoding="utf-8")
FRENCH = "Le vent tomba, la mer se calma, et les barques du petit port rentrèrent avant la nuit. "
ITALIAN = "Il vento calò, il mare si calmò, e le barche del piccolo porto rientrarono la sera. "


def saying(*answers: str) -> Callable[[ChatRequest], Any]:
    """A model that says these, one after the other; the last one stays."""
    left = list(answers)

    def say(request: ChatRequest) -> Any:
        assert request.output is not None
        return request.output(summary=left.pop(0) if len(left) > 1 else left[0])

    return say


async def test_without_a_key_the_texts_own_sentences_are_taken() -> None:
    ctx = FakeContext()
    summary = await summarize_text(SummarizeInput(text=TEXT, max_words=80), ctx)
    assert summary.language == "en"
    assert (summary.method, summary.model, ctx.used.calls) == ("extractive", None, 0)
    assert 40 < summary.words == len(summary.summary.split()) <= 80
    assert summary.source_words == len(TEXT.split())
    assert summary.sentences < summary.source_sentences


async def test_the_language_that_was_given_is_taken() -> None:
    summary = await summarize_text(SummarizeInput(text=TEXT, language="it"), FakeContext())
    assert summary.language == "it"


async def test_a_long_text_is_ranked_by_a_job_of_the_cpu_pool() -> None:
    def rank(child: Child) -> ChildOutcome:
        assert child.type == "extract_summary"
        done = extract_summary(ExtractInput(**child.input), FakeBlockingContext())
        return ChildOutcome(uuid7(), "succeeded", done.model_dump())

    text = TEXT * (LOCAL_CHARACTERS // len(TEXT) + 1)
    given = SummarizeInput(text=text, max_words=60)
    summary = await summarize_text(given, FakeContext(on_child=rank))
    assert (summary.method, summary.source_words) == ("extractive", len(text.split()))


async def test_a_child_that_failed_says_why() -> None:
    def fail(_child: Child) -> ChildOutcome:
        return ChildOutcome(uuid7(), "failed", error={"message": "It ran out of ink."})

    with pytest.raises(NotRetryable, match="ran out of ink"):
        await summarize_text(
            SummarizeInput(text=TEXT * 10, model="local"), FakeContext(on_child=fail)
        )


@pytest.mark.parametrize("model", [None, "local"])
async def test_a_text_without_a_sentence_fails_for_good(model: str | None) -> None:
    ctx = FakeContext(on_chat=saying("x"))
    with pytest.raises(NotRetryable, match="no sentence"):
        await summarize_text(SummarizeInput(text=" \n ", model=model), ctx)


async def test_with_a_key_a_short_text_is_one_call() -> None:
    ctx = FakeContext(on_chat=saying("The clocks stop."))
    summary = await summarize_text(SummarizeInput(text=TEXT, max_words=20), ctx)
    assert (summary.summary, summary.method) == ("The clocks stop.", "rewritten")
    assert (summary.model, summary.words, ctx.used.calls) == ("fake:balanced", 3, 1)
    task, text = ctx.asked[0].messages
    assert "seems to be English" in task.content
    assert "at most 20 words" in task.content
    assert text.content == TEXT


async def test_a_long_text_is_drafted_part_by_part_and_the_drafts_are_made_one() -> None:
    ctx = FakeContext(on_chat=saying("One draft.", "Two drafts.", "Three drafts.", "The end."))
    text = TEXT * 3
    assert 2 < len(text) / PART_CHARACTERS < 3
    summary = await summarize_text(SummarizeInput(text=text), ctx)
    asked = [request.messages[1].content for request in ctx.asked]
    assert "".join(asked[:3]) == text
    assert asked[3] == "One draft.\n\nTwo drafts.\n\nThree drafts."
    assert summary.summary == "The end."


async def test_drafts_that_do_not_shrink_are_cut_so_that_it_ends() -> None:
    endless = "The clock in the tower of the old town stopped again at noon. " * 400
    ctx = FakeContext(on_chat=saying(endless))
    summary = await summarize_text(SummarizeInput(text=TEXT * 30, max_words=50), ctx)
    assert summary.words <= 50
    assert len(ctx.asked) < 60


async def test_a_summary_that_is_too_long_is_asked_for_once_more_and_then_cut() -> None:
    ctx = FakeContext(on_chat=saying("One two three. Four five six. Seven eight nine."))
    summary = await summarize_text(SummarizeInput(text=TEXT, max_words=7), ctx)
    assert summary.summary == "One two three. Four five six."
    assert len(ctx.asked) == 2
    assert "9 words" in ctx.asked[1].messages[-1].content


async def test_a_summary_in_another_language_is_asked_for_once_more() -> None:
    ctx = FakeContext(on_chat=saying(ITALIAN * 2, FRENCH * 2))
    summary = await summarize_text(SummarizeInput(text=FRENCH * 20), ctx)
    assert (summary.language, summary.summary) == ("fr", (FRENCH * 2).strip())
    assert "seems to be French" in ctx.asked[1].messages[-1].content


async def test_the_next_model_is_asked_when_one_does_not_keep_the_language() -> None:
    def say(request: ChatRequest) -> Any:
        return request.output(summary=(FRENCH if request.models[0] == "fake:b" else ITALIAN) * 2)

    given = SummarizeInput(text=FRENCH * 20, model=["fake:a", "fake:b"])
    summary = await summarize_text(given, FakeContext(on_chat=say))
    assert (summary.model, summary.summary) == ("fake:b", (FRENCH * 2).strip())


async def test_an_empty_summary_is_asked_for_once_more() -> None:
    ctx = FakeContext(on_chat=saying(" ", "The clocks stop."))
    assert (await summarize_text(SummarizeInput(text=TEXT), ctx)).summary == "The clocks stop."
    with pytest.raises(BadOutput, match="no summary"):
        await summarize_text(SummarizeInput(text=TEXT), FakeContext(on_chat=saying("")))


async def test_a_language_that_cannot_be_told_from_others_is_not_checked() -> None:
    polish = "Morze wezbrało w nocy, a rano port zniknął pod wodą. Rybacy patrzyli na łodzie. " * 2
    ctx = FakeContext(on_chat=saying(polish))
    given = SummarizeInput(text=polish * 10, language="pl")
    assert (await summarize_text(given, ctx)).summary == polish.strip()
    assert len(ctx.asked) == 1


async def test_a_language_that_nobody_keeps_is_an_error() -> None:
    ctx = FakeContext(on_chat=saying(ITALIAN * 2))
    with pytest.raises(BadOutput, match="French"):
        await summarize_text(SummarizeInput(text=FRENCH * 20), ctx)


@pytest.mark.parametrize("falls_back", [True, False])
async def test_local_at_the_chains_end_answers_when_no_model_does(falls_back: bool) -> None:
    def away(_request: ChatRequest) -> Any:
        raise ProviderUnavailable("It is down.")

    model = ["fake:a", "local"] if falls_back else ["fake:a"]
    given, ctx = SummarizeInput(text=TEXT, model=model), FakeContext(on_chat=away)
    if falls_back:
        assert (await summarize_text(given, ctx)).method == "extractive"
        assert ctx.lines[0][1] == {"code": "provider_unavailable"}
    else:
        with pytest.raises(ProviderUnavailable):
            await summarize_text(given, ctx)


async def test_a_second_attempt_repeats_no_call() -> None:
    ctx = FakeContext(on_chat=saying("A draft."))
    given = SummarizeInput(text=TEXT * 3)
    first = await summarize_text(given, ctx)
    ctx.next_attempt()
    assert await summarize_text(given, ctx) == first
    assert ctx.used.calls == 4


@pytest.mark.parametrize("model", ["", [], ["a"] * 11, 7])
def test_models_that_make_no_sense_are_refused(model: object) -> None:
    with pytest.raises(ValidationError):
        SummarizeInput.model_validate({"text": "a", "model": model})
