"""Telling languages apart."""

import pytest

from haulage.documents.language import detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ce matin-là, une pluie fine brouillait les toits du village.", "fr"),
        ("Il treno partì in orario, mentre la pioggia batteva sui vetri.", "it"),
        ("The tide clock has one hand and goes round twice a day.", "en"),
        ("Die Uhr am Hafen ging seit elf Jahren nicht mehr.", "de"),
    ],
)
def test_a_sentence_is_enough(text, language):
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", "Ciao", "12 345 678 901 234 567 890", "— !? …"])
def test_too_little_text_is_undetermined(text):
    assert detect_language(text) == "und"
