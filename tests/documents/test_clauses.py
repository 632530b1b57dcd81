"""Cutting long sentences at their clauses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haulage.documents.clauses import MIN_WORDS, split_clauses


def test_a_short_sentence_stays_whole():
    assert split_clauses("Il pleuvait  encore.", 12) == ["Il pleuvait encore."]


@pytest.mark.parametrize(
    ("sentence", "pieces"),
    [
        (
            "Elle ouvrit la porte, posa la lampe, et regarda la mer qui montait.",
            ["Elle ouvrit la porte, posa la lampe,", "et regarda la mer qui montait."],
        ),
        (
            "Il fallait partir avant la nuit; personne ne savait où dormir.",
            ["Il fallait partir avant la nuit;", "personne ne savait où dormir."],
        ),
        (
            "The boats were the same and the men were the same.",
            ["The boats were the same", "and the men were the same."],
        ),
        (
            "Il treno partì in orario mentre la pioggia batteva forte.",
            ["Il treno partì in orario", "mentre la pioggia batteva forte."],
        ),
    ],
)
def test_cuts_fall_where_a_reader_would_pause(sentence, pieces):
    assert split_clauses(sentence, 7) == pieces


def test_a_title_is_never_parted_from_its_name():
    pieces = split_clauses("Le médecin fut invité un soir par M. Rouault lui-même à dîner.", 8)

    assert not any(piece.endswith("M.") for piece in pieces)


def test_french_marks_after_a_blank_stay_with_their_word():
    pieces = split_clauses(
        "Vous savez donc lire l'heure sans lampe ? Répondez-moi tout de suite !", 6
    )

    assert all(piece[0] not in "?!" for piece in pieces)


@pytest.mark.parametrize("limit", [MIN_WORDS - 1, 0, -3])
def test_a_limit_that_allows_no_sentence_is_a_programming_fault(limit):
    with pytest.raises(ValueError, match="words"):
        split_clauses("Un deux trois.", limit)


WORDS = st.sampled_from(
    ["et", "qui", "M.", "mer,", "vent;", "—", "!", "«", "la", "dans", "oui.", "(a"]
)


@given(st.lists(WORDS, max_size=60), st.integers(MIN_WORDS, 20))
def test_no_piece_is_too_long_and_joined_they_are_the_sentence(words, limit):
    pieces = split_clauses(" ".join(words), limit)

    assert " ".join(pieces) == " ".join(words)
    assert all(1 <= len(piece.split()) <= limit for piece in pieces)
