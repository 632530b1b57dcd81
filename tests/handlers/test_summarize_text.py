"""`summarize_text`."""

from pathlib import Path

import pytest

from haulage.domain.errors import NotRetryable
from haulage.handlers.summarize_text import SummarizeInput, summarize_text
from haulage.testing import FakeBlockingContext

TEXT = (Path(__file__).parents[2] / "examples" / "clocks.txt").read_text(encoding="utf-8")


def test_a_text_of_several_pages_is_summarised():
    summary = summarize_text(SummarizeInput(text=TEXT, max_words=80), FakeBlockingContext())

    assert summary.language == "en"
    assert summary.method == "extractive"
    assert 40 < summary.words == len(summary.summary.split()) <= 80
    assert summary.source_words == len(TEXT.split())
    assert summary.sentences < summary.source_sentences


def test_the_language_that_was_given_is_taken():
    summary = summarize_text(SummarizeInput(text=TEXT, language="it"), FakeBlockingContext())

    assert summary.language == "it"


def test_a_text_without_a_sentence_fails_for_good():
    with pytest.raises(NotRetryable, match="no sentence"):
        summarize_text(SummarizeInput(text=" \n "), FakeBlockingContext())
