"""Which failures count as the same."""

import time

import pytest

from haulage.domain.fingerprint import digest_of, fingerprint, fixed_words

SAME = [
    ("page 3 of 120 is empty", "page 17 of 9 is empty"),
    ("no row with id 0190b5a4-0000-7000-8000-000000000000", "no row with id " + "f" * 8 + "-aaaa-bbbb-cccc-123456789012"),  # noqa: E501
    ("there is no file 'a.pdf'", "there is no file 'it is another.pdf'"),
    ('column "name" is missing', 'column "an other" is missing'),
    ("can't open /tmp/x1/a.txt: gone", "can't open /var/lib/b: gone"),
    (r"can't open C:\jobs\a.txt", r"can't open D:\b.txt"),
    ("GET https://a.example/x?y=1 gave 503", "GET http://b.example gave 502"),
    ("object at 0x7f3a91", "object at 0x1"),
    ("commit deadbeef01 is unknown", "commit 12345678 is unknown"),
    ("took 1.5 s, limit 3,000", "took 12:30 s, limit 2"),
    ("pages 1, 2, 3 failed", "pages 4 failed"),
    ("two\n lines", "two lines"),
]  # fmt: skip
DIFFERENT = [
    ("page is empty", "page is full"),
    ("connection refused", "connection reset"),
    ("isn't there and won't come", "isn't here and won't come"),
    ("and/or", "and/nor"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_changes_from_job_to_job_makes_no_difference(one: str, other: str) -> None:
    assert fixed_words(one) == fixed_words(other)
    assert fingerprint("t", "odd", one) == fingerprint("t", "odd", other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_other_words_are_another_failure(one: str, other: str) -> None:
    assert fingerprint("t", "odd", one) != fingerprint("t", "odd", other)


def test_other_types_and_codes_are_other_failures() -> None:
    assert len({fingerprint(t, c, "no") for t in ("a", "b") for c in ("x", "y")}) == 4


def test_the_database_may_join_the_type_and_the_digest() -> None:
    assert fingerprint("crunch", "odd", "no 7") == "crunch:" + digest_of("odd", "no 8")


def test_any_text_has_a_fingerprint() -> None:
    for message in ("", "\x00", "\ud800 half", "é" * 5_000, "'unclosed", '"' * 999):
        assert fingerprint("t", "", message)


def test_a_hostile_message_costs_milliseconds() -> None:
    hostile = ["'" * 1_000, "/" * 1_000, "a." * 500, "1," * 500, "# " * 500, "http://" * 140]
    began = time.process_time()
    for message in hostile:
        fixed_words(message)
    assert time.process_time() - began < 0.5
