"""Sentence ends, in three languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haulage.documents.sentences import ends_sentence, split_sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["M. Homais entra avec Mme Lefrançois.", "Il pleuvait."],
        ["Il vit l'abbé Bournisien, S. J., et le salua.", "Puis rien."],
        ["— Plus haut! cria le maître, plus haut!", "Il se tut."],
        ["« Est-ce vrai ? » demanda-t-elle.", "« Oui. »", "Elle sortit."],
        ["Il hésita... puis partit.", "La nuit tombait…", "On alluma."],
        ["Voir p. 12 et fig. 3 du vol. II.", "La suite manque."],
        ["Né en 52 av. J.-C. à Alésia.", "Mort à Rome."],
        ["Des pommes, des poires, etc.", "Le marché fermait."],
        ["Des pommes, etc. furent vendues."],
        ["Il coûte 3.50 francs.", "C'est cher!"],
        ["Louis XIV.", "Un roi."],
        ["Il sig. Rossi e la dott.ssa Bianchi arrivarono.", "Era tardi."],
        ["L'avv. Verdi, l'ing. Neri, ecc. erano presenti."],
        ["«Vieni!» disse.", "«No.»", "E rise."],
        ["Mr. Brown met Dr. J. H. Watson at 10 a.m. on Monday.", "It rained."],
        ["He asked, \"Why?\" and left.", "She said, \"Go.\"", "Then silence."],
        ["It costs $4.50, e.g. in London.", "Fine."],
        ["Tell me.", "He took his cap.", "No.", "Then vol. 3 came."],
        ["Il posa son sac.", "Me Durand, selon l'art. 4, refusa le vol.", "Il sortit."],
        ["It was 1918.", "2 men came.", "(They left.)", "Nobody asked."],
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_ends_them(sentences):
    assert split_sentences(" ".join(sentences)) == sentences


def test_a_text_without_a_full_stop_is_one_sentence():
    assert split_sentences("  sans point  final ") == ["sans point final"]


def test_white_space_alone_has_no_sentence():
    assert split_sentences(" \n\t\u00a0") == []


@given(st.text(alphabet="aA.!?…»«”“\"'() \n\u00a0MetcJ—1é", max_size=80))
def test_no_character_is_lost_or_moved(text):
    assert "".join(split_sentences(text)).replace(" ", "") == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("Fin.", True),
        ("«Fin.»", True),
        ("Fin…)", True),
        ("Fin", False),
        ("fin,", False),
        ("", False),
    ],
)
def test_an_end_is_seen_through_quotes_and_brackets(text, ended):
    assert ends_sentence(text) is ended
