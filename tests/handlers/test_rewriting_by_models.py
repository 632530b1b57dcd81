"""`rewrite_novel` by a model that does not always do what it was told."""

import json
from typing import Any

import pytest

from haulage.domain.errors import NotRetryable
from haulage.domain.language_model import ChatRequest
from haulage.domain.provider_errors import OutputCut, ProviderUnavailable
from haulage.handlers.rewriting_calls import PagesAnswer
from haulage.testing import FakeContext
from tests.handlers.novels import asked_pages, changed, novel, obedient, reading_context, rewrite


@pytest.fixture
def ctx() -> FakeContext:
    return reading_context()


async def test_a_model_rewrites_its_pages_and_sees_one_more(ctx: FakeContext) -> None:
    ctx.on_chat = obedient
    result = await rewrite(ctx, novel(45), quality="quality")

    assert (result.method, result.usage.calls) == ("rewritten", 3)
    assert [sentence.text for sentence in result.sentences if sentence.page == 21] == [
        "Page 21 est finie.",
        "Le vent tomba.",
    ]
    assert [len(asked_pages(request)) for request in ctx.asked] == [20, 20, 5]
    first = ctx.asked[0]
    assert first.models == ("fake:quality",)
    assert first.messages[1].content.partition("[context]\n")[2].startswith("Chapitre 21 fini.")
    assert "[context]" not in ctx.asked[2].messages[1].content.splitlines()
    assert "seems to be French" in first.messages[0].content


async def test_pages_that_were_not_asked_for_are_left_out(ctx: FakeContext) -> None:
    ctx.on_chat = changed(lambda pages: pages.append({"page": 46, "sentences": ["Trop."]}))
    result = await rewrite(ctx, novel(45))
    assert all(sentence.text != "Trop." for sentence in result.sentences)


async def test_a_page_that_is_missing_is_asked_for_once_more(ctx: FakeContext) -> None:
    ctx.on_chat = changed(lambda pages: pages.pop() if len(pages) > 1 else None)
    result = await rewrite(ctx, novel(5))
    assert [asked_pages(request) for request in ctx.asked] == [[1, 2, 3, 4, 5], [5]]
    assert result.sentences[-1].page == 5


async def test_a_page_that_stays_missing_is_split(ctx: FakeContext) -> None:
    ctx.on_chat = changed(lambda pages: pages.pop())
    result = await rewrite(ctx, novel(5))
    assert len(ctx.asked) == 2
    last = [sentence.text for sentence in result.sentences if sentence.page == 5]
    assert last[0] == "Chapitre 5 fini."


async def test_long_sentences_are_sent_back_once_and_then_cut(ctx: FakeContext) -> None:
    long = "Le vent du soir tomba enfin sur la mer, et les barques du port rentrèrent tard."
    ctx.on_chat = changed(lambda pages: pages[0]["sentences"].append(long))
    result = await rewrite(ctx, novel(2), sentence_length_limit=6)
    assert len(ctx.asked) == 2
    assert long in ctx.asked[1].messages[1].content
    assert [sentence.text for sentence in result.sentences if sentence.page == 1][2:] == [
        "Court.",
        "Et bref.",
    ]


@pytest.mark.parametrize("answer", ['{"sentences": []}', None])
async def test_no_sentence_is_too_long_whatever_the_model_does(
    ctx: FakeContext, answer: str | None
) -> None:
    long = "Le vent du soir tomba enfin sur la mer, et les barques du port rentrèrent tard."
    pages = changed(lambda pages: pages[0]["sentences"].append(long))

    def say(request: ChatRequest) -> Any:
        if request.output is PagesAnswer:
            return pages(request)
        return answer if answer is not None else json.dumps({"sentences": [[long]]})

    ctx.on_chat = say
    result = await rewrite(ctx, novel(2), sentence_length_limit=6)
    said = [sentence.text for sentence in result.sentences if sentence.page == 1][2:]
    assert " ".join(said) == long
    assert all(len(text.split()) <= 6 for text in said)


async def test_what_the_next_chunk_begins_with_is_not_told_twice(ctx: FakeContext) -> None:
    """A model that answers the context page under the number of its last page."""

    def say(request: ChatRequest) -> Any:
        answer = json.loads(obedient(request))
        if asked_pages(request)[-1] == 20:
            answer["pages"][-1]["sentences"].append("Page 21 est bel et bien finie !")
        if asked_pages(request)[0] == 21:
            answer["pages"][0]["sentences"].insert(0, "Page 21 est bel et bien finie.")
        return json.dumps(answer)

    ctx.on_chat = say
    told = [one for one in (await rewrite(ctx, novel(45))).sentences if "bel et bien" in one.text]
    assert [(one.page, one.text) for one in told] == [(21, "Page 21 est bel et bien finie.")]


async def test_what_is_too_long_for_a_model_is_asked_by_halves(ctx: FakeContext) -> None:
    def say(request: ChatRequest) -> Any:
        if len(asked_pages(request)) > 5:
            raise OutputCut("Too much.")
        return obedient(request)

    ctx.on_chat = say
    result = await rewrite(ctx, novel(10))
    assert [asked_pages(request) for request in ctx.asked[1:]] == [
        [1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10],
    ]
    assert {sentence.page for sentence in result.sentences} == set(range(1, 11))


async def test_a_second_call_that_fails_does_not_repeat_the_first(ctx: FakeContext) -> None:
    """Each call is a step of its own."""
    broken = [True]

    def say(request: ChatRequest) -> Any:
        if len(asked_pages(request)) == 1 and broken:
            raise ProviderUnavailable("It is down.")
        return changed(lambda pages: pages.pop() if len(pages) > 1 else None)(request)

    ctx.on_chat = say
    with pytest.raises(NotRetryable):
        await rewrite(ctx, novel(5))
    broken.clear()
    ctx.next_attempt()
    await rewrite(ctx, novel(5))
    assert [asked_pages(request) for request in ctx.asked] == [[1, 2, 3, 4, 5], [5], [5]]
