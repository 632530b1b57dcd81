"""Long texts in parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haulage.documents.parts import cut_into_parts


@given(st.text(alphabet="ab .\n!»é", max_size=200), st.integers(2, 40))
def test_the_parts_are_the_text_and_none_is_too_long(text: str, most: int) -> None:
    parts = cut_into_parts(text, most)
    assert "".join(part.text for part in parts) == text
    assert all(len(part.text) <= most for part in parts)
    assert all(text.startswith(part.text, part.start) for part in parts)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One two. Three four.\n\nFive six seven.", "One two. Three four.\n\n"),
        ("One two three four five. Six seven eight.", "One two three four five. "),
        ("one two three four five six seven eight", "one two three four five six "),
        ("x" * 50, "x" * 28),
    ],
)
def test_a_cut_falls_where_a_reader_would_pause(text: str, first: str) -> None:
    assert cut_into_parts(text, 28)[0].text == first


def test_a_part_has_room_for_something() -> None:
    with pytest.raises(ValueError, match="two characters"):
        cut_into_parts("abc", 1)
