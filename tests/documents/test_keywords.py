"""A text's subjects, in its own words."""

import pytest

from haulage.documents.keywords import keywords


@pytest.mark.parametrize("pale", ["ventimila", "centodieci", "diciannove", "anni", "notte"])
def test_how_many_and_when_are_no_subjects(pale):
    body = f"La tomba ha {pale} vasi. Di {pale} vasi parla la tomba, {pale} in tutto."
    assert sorted(keywords("La tomba", body, language="it")) == ["tomba", "vasi"]


def test_a_word_that_only_begins_like_a_number_is_one():
    body = "Il ventilatore è fermo. Un altro ventilatore gira; ogni centrale ha la sua centrale."
    assert sorted(keywords("", body, language="it")) == ["centrale", "ventilatore"]


@pytest.mark.parametrize(
    ("body", "language", "found"),
    [
        ("All'isola ottant'anni fa. Sull'isola ottant'anni dopo.", "it", ["isola"]),
        ("The harbour's crane. That harbour’s master.", "en", ["harbour"]),
    ],
)
def test_what_is_elided_before_a_word_is_none(body, language, found):
    assert keywords("", body, language=language) == found
