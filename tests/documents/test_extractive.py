"""Summaries made of the text's own sentences."""

import time
from collections import Counter
from pathlib import Path

import pytest

from haulage.documents.errors import NoText
from haulage.documents.extractive import rank, summarize
from haulage.documents.sentences import split_sentences

TEXT = (Path(__file__).parents[2] / "examples" / "clocks.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("max_words", [20, 60, 150, 400])
def test_the_word_limit_is_kept_and_used(max_words):
    extract = summarize(TEXT, language="en", max_words=max_words)

    assert 0.5 * max_words < extract.words <= max_words
    assert extract.words == len(extract.text.split())


def test_every_sentence_stands_in_the_source_and_in_its_order():
    extract = summarize(TEXT, language="en", max_words=150)
    source = " ".join(TEXT.split())

    places = [source.index(sentence) for sentence in split_sentences(extract.text)]

    assert places == sorted(places)
    assert list(extract.positions) == sorted(extract.positions)


def test_the_subject_outranks_an_aside():
    text = (
        "The tide clock on the quay told the crews when the channel was safe. "
        "With the tide clock on the quay the crews could sleep until the channel was safe. "
        "My aunt once owned a very large and rather stupid grey parrot. "
        "Since the tide clock came, fewer boats and crews were lost in the channel."
    )

    assert "parrot" not in summarize(text, language="en", max_words=30).text


def test_the_same_thing_is_not_said_twice():
    sentence = "La goélette chargée de sel entra dans le port avant la marée."
    other = "Le port attendait la goélette et son sel depuis plus de trois semaines."

    extract = summarize(f"{sentence} {sentence} {other}", language="fr", max_words=60)

    assert extract.text.count(sentence) == 1


def test_a_first_sentence_too_long_for_the_limit_is_cut_and_marked():
    extract = summarize("mot " * 50 + "fin.", language="fr", max_words=10)

    assert extract.words <= 10
    assert extract.text.endswith("…")


@pytest.mark.parametrize("text", ["", "   \n ", "— … !"])
def test_a_text_without_words_is_refused(text):
    with pytest.raises(NoText):
        summarize(text, language="fr", max_words=50)


def test_scores_are_a_distribution_and_the_central_sentence_leads():
    scores = rank([Counter("ab"), Counter("abc"), Counter("c"), Counter("x")])

    assert sum(scores) == pytest.approx(1.0, abs=1e-6)
    assert scores.index(max(scores)) == 1


def test_a_book_of_two_million_characters_takes_seconds():
    book = "\n\n".join(
        f"{paragraph} Volume {volume}."
        for volume in range(2_000_000 // len(TEXT))
        for paragraph in TEXT.split("\n\n")
    )

    started = time.process_time()
    extract = summarize(book, language="en", max_words=200)

    assert 0 < extract.words <= 200
    # Ranking all its 20,000 sentences at once would need over a gigabyte and minutes.
    assert time.process_time() - started < 30
