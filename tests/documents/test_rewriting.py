"""What comes back from a model, checked against what it was asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haulage.documents.rewriting import (
    OwnedPage,
    of_owned,
    shortened,
    shown,
    too_long,
    without_repeats,
    word_count,
)

PAGES = (OwnedPage(3, ("Un soir d'automne.",)), OwnedPage(4, ("Il pleuvait.", "Le vent tomba.")))


def test_pages_stand_under_their_numbers_and_the_context_last() -> None:
    assert shown(PAGES, "Puis il rit.") == (
        "[page 3]\nUn soir d'automne.\n\n[page 4]\nIl pleuvait. Le vent tomba.\n\n"
        "[context]\nPuis il rit."
    )
    assert "[context]" not in shown(PAGES, "")


@pytest.mark.parametrize(
    ("answered", "found"),
    [
        ([(3, ["a b "]), (4, ["c"])], {3: ["a b"], 4: ["c"]}),
        ([(3, ["a"]), (5, ["the context"])], {3: ["a"]}),
        ([(3, ["a"]), (3, ["b"])], {3: ["a", "b"]}),
        ([(3, [" ", "…"]), (4, [])], {}),
    ],
    ids=["whole", "a page of others", "in two parts", "empty"],
)
def test_only_what_was_asked_for_counts(
    answered: list[tuple[int, list[str]]], found: dict[int, list[str]]
) -> None:
    assert of_owned(answered, PAGES) == found


@pytest.mark.parametrize(
    ("sentence", "words"), [("Il dort !", 2), ("« Non », dit-il.", 2), ("", 0), ("L'eau monte", 2)]
)
def test_what_stands_alone_and_is_no_word_is_not_counted(sentence: str, words: int) -> None:
    assert word_count(sentence) == words


def test_a_long_sentence_is_told_once_though_it_comes_twice() -> None:
    assert too_long({1: ["a b c d", "a"], 2: ["a b c d"]}, 3) == ["a b c d"]


@given(
    st.lists(st.text("ab ,!", min_size=1, max_size=40), max_size=5),
    st.text("ab ,", max_size=40),
    st.integers(2, 6),
)
def test_no_sentence_is_too_long_whatever_the_pieces_are(
    sentences: list[str], piece: str, most: int
) -> None:
    pieces = {sentence: [piece, ""] for sentence in sentences}
    for said in shortened({1: sentences}, pieces, most).values():
        assert all(word_count(sentence) <= most for sentence in said)


NEXT = [(21, "Le port dormait sous la neige."), (21, "— Non."), (22, "Une lampe brûlait encore.")]


@pytest.mark.parametrize(
    ("last", "kept"),
    [
        ([(20, "Le port dormait, sous la neige !")], []),
        ([(20, "Il rit."), (20, "Le port dormait sous la neige.")], [(20, "Il rit.")]),
        # Short ones repeat in any dialogue, and a later page is not what was seen as context.
        ([(20, "— Non.")], [(20, "— Non.")]),
        ([(20, "Une lampe brûlait encore.")], [(20, "Une lampe brûlait encore.")]),
        ([], []),
    ],
)
def test_what_the_next_chunk_begins_with_is_dropped_from_the_end(
    last: list[tuple[int, str]], kept: list[tuple[int, str]]
) -> None:
    assert without_repeats(last, NEXT) == kept
    assert without_repeats(last, []) == last
