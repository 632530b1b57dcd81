"""`read_page` with a model that sees."""

import json

import pytest

from examples.make_newspaper import make_newspaper, truth
from haulage.domain.errors import NotRetryable
from haulage.domain.provider_errors import BadOutput, ProviderUnavailable
from haulage.handlers.read_page import PageInput, read_page
from haulage.testing import FakeBlockingContext


@pytest.fixture(scope="module")
def paper() -> bytes:
    return make_newspaper()


def answer(number: int, *, kind: str = "articles") -> str:
    keys = ("title", "subtitle", "author", "body", "topics")
    articles = [
        {**{key: one[key] for key in keys}, "summary": "In breve."}
        for one in truth()["pages"][number - 1]["articles"]
    ]
    page = {"page_number": number, "kind": kind, "issue_date": "1950-05-12", "articles": articles}
    return json.dumps({"pages": [page]})


def read(paper: bytes, answers: list, *, page: int = 1):
    def on_chat(request):
        said = answers.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    ctx = FakeBlockingContext(on_chat=on_chat)
    file = ctx.add_file(paper, name="giornale.pdf")
    given = PageInput(file=file.id, page=page, want="articles", model="quality")
    return ctx, given, read_page(given, ctx)


def test_a_model_is_shown_the_page_and_believed(paper):
    ctx, _, result = read(paper, [answer(1)])

    ((picture,),) = [turn.pictures for turn in ctx.asked[0].messages]
    assert picture.content.startswith(b"\x89PNG")
    assert result.source == "fake:quality"
    assert result.date == "1950-05-12"
    assert [(one.title, one.topics, one.summary) for one in result.articles] == [
        (one["title"], one["topics"], "In breve.") for one in truth()["pages"][0]["articles"]
    ]


def test_text_of_another_page_is_asked_about_once_more_and_then_left_to_the_rules(paper):
    wrong = answer(2).replace('"page_number": 2', '"page_number": 1')
    ctx, _, result = read(paper, [wrong, wrong])

    assert len(ctx.asked) == 2
    assert "not on this page" in ctx.asked[1].messages[0].content
    assert result.source == "text"
    assert [one.title for one in result.articles] == [
        one["title"] for one in truth()["pages"][0]["articles"]
    ]


def test_json_that_stays_broken_leaves_the_page_to_the_rules(paper):
    _, _, result = read(paper, [BadOutput("The answer does not fit SeenPages: /pages: missing")])

    assert (result.status, result.source, len(result.articles)) == ("processed", "text", 5)


def test_a_provider_that_is_away_is_tried_again_with_the_job(paper):
    with pytest.raises(ProviderUnavailable):
        read(paper, [ProviderUnavailable("fake does not answer")])


def test_an_answer_that_was_paid_for_is_not_paid_for_again(paper):
    ctx, given, first = read(paper, [answer(1)])
    ctx.next_attempt()

    assert read_page(given, ctx) == first
    assert len(ctx.asked) == 1


def test_a_blank_page_is_not_shown_to_a_model(paper):
    ctx, _, result = read(paper, [answer(1)], page=4)

    assert (result.reason, ctx.asked) == ("blank", [])


def test_a_page_that_the_file_does_not_have_is_refused(paper):
    with pytest.raises(NotRetryable, match="has 4 pages; there is no 9"):
        read(paper, [], page=9)
