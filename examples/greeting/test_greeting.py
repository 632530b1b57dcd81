"""The job types on fake contexts: no database, no broker, no worker."""

import asyncio
from uuid import uuid4

import pytest
from greeting import Greet, greet
from printing import Printing, print_file
from shelf import Shelf, count_shelf
from words import Texts, count_words

from haulage import Child, ChildOutcome, NotRetryable, Retryable
from haulage.testing import FakeBlockingContext, FakeContext


def test_a_second_attempt_repeats_no_finished_step():
    ctx = FakeContext()
    order = Greet(name="Ada", languages=["en", "it"], busy=1)
    with pytest.raises(Retryable):
        asyncio.run(greet(order, ctx))
    ctx.next_attempt()
    assert asyncio.run(greet(order, ctx)) == ["Good morning, Ada!", "Buongiorno, Ada!"]
    assert ctx.executed == ["translate", "translate"]
    assert [line for line, _ in ctx.lines] == ["greeting.began", "greeting.began"]


def test_an_unknown_language_is_not_worth_a_retry():
    with pytest.raises(NotRetryable, match="tlh"):
        asyncio.run(greet(Greet(name="Ada", languages=["tlh"]), FakeContext()))


def test_an_empty_text_spoils_only_its_own_place():
    ctx = FakeBlockingContext()
    counted = count_words(Texts(texts=["one two", " ", "three"]), ctx)
    assert counted.words == [2, None, 1]
    assert counted.failed == ["text 1: nothing but white space"]
    assert (ctx.reports[-1].done, ctx.reports[-1].failed) == (2, 1)


def test_a_book_that_fails_counts_for_nothing():
    def ended(child: Child) -> ChildOutcome:
        texts = Texts(**child.input).texts
        if not texts[0]:
            return ChildOutcome(uuid4(), "failed", error={"message": "nothing in it"})
        return ChildOutcome(uuid4(), "succeeded", {"words": [len(text.split()) for text in texts]})

    ctx = FakeContext(on_child=ended)
    assert asyncio.run(count_shelf(Shelf(books=[["one two", "three"], [""]]), ctx)) == 3
    assert (ctx.reports[-1].done, ctx.reports[-1].total) == (1, 2)


def test_a_text_is_set_in_pages_and_no_page_twice():
    ctx = FakeBlockingContext()
    given = Printing(file=ctx.add_file(b"one\ntwo\nthree", name="a.txt").id, lines=2)
    printed = print_file(given, ctx)
    [made] = ctx.made
    assert (printed.pages, printed.file, made.name) == (2, made.id, "a.txt.pages.txt")
    assert [page.split() for page in made.content.decode().split("\f")] == [
        ["one", "two", "-", "1", "-"],
        ["three", "-", "2", "-"],
    ]
    ctx.next_attempt()
    assert print_file(given, ctx) == printed
    assert len(ctx.executed) == 2
