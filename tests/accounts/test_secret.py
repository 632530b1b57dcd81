"""Keys as text."""

import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haulage.accounts.secret import ANYWHERE, digest_of, is_key, make_key

KEY = make_key(lambda length: bytes(range(length)))


@given(st.binary(min_size=32, max_size=32))
@settings(max_examples=50, deadline=None)
def test_every_key_that_is_made_is_one(noise: bytes) -> None:
    key = make_key(lambda _: noise)
    assert is_key(key)
    assert ANYWHERE.fullmatch(key)


def test_two_keys_differ() -> None:
    assert make_key(secrets.token_bytes) != make_key(secrets.token_bytes)


@pytest.mark.parametrize("place", [4, 20, 46, 47, 52])
def test_a_mistyped_character_is_noticed(place: int) -> None:
    other = "0" if KEY[place] != "0" else "1"
    assert not is_key(KEY[:place] + other + KEY[place + 1 :])


@pytest.mark.parametrize(
    "text", ["", "hlg_", KEY[:-1], KEY + "a", KEY.upper(), f" {KEY}", f"{KEY}\n", "hlg_" + "ü" * 49]
)
def test_what_is_no_key_is_told_apart(text: str) -> None:
    assert not is_key(text)


def test_what_is_stored_is_not_the_key() -> None:
    assert KEY.encode() not in digest_of(KEY)
    assert len(digest_of(KEY)) == 32
