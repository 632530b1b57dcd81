"""Ids sort by time and never repeat."""

import os
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from haulage.domain.ids import Uuid7Source, uuid7

MS = 1_000_000


def test_version_and_variant_are_those_of_rfc_9562() -> None:
    made = uuid7()
    assert made.version == 7
    assert made.variant == RFC_4122


def test_the_first_48_bits_are_the_milliseconds() -> None:
    source = Uuid7Source(now_ns=lambda: 1_893_499_200_123 * MS + 999_999)
    assert source().int >> 80 == 1_893_499_200_123


@given(st.lists(st.integers(min_value=0, max_value=10_000 * MS), min_size=1, max_size=50))
def test_ids_only_grow_whatever_the_clock_does(moments: list[int]) -> None:
    clock = iter(moments)
    source = Uuid7Source(now_ns=lambda: next(clock))
    made = [source() for _ in moments]
    assert made == sorted(set(made))


def test_ids_keep_growing_when_the_counter_of_a_millisecond_runs_over() -> None:
    source = Uuid7Source(now_ns=lambda: 5 * MS, random_bytes=lambda size: b"\xff" * size)
    first = source()
    source._counter = (1 << 42) - 2
    last, over = source(), source()
    assert first < last < over
    assert (last.int >> 80, over.int >> 80) == (5, 6)
    assert over.version == 7


def test_a_counter_fills_the_bits_around_version_and_variant() -> None:
    source = Uuid7Source(now_ns=lambda: 5 * MS, random_bytes=lambda size: b"\xff" * size)
    for _ in range(1000):
        made = source()
        assert (made.version, made.variant) == (7, RFC_4122)


def test_two_processes_do_not_make_the_same_id() -> None:
    one, other = Uuid7Source(now_ns=lambda: MS), Uuid7Source(now_ns=lambda: MS)
    made: set[UUID] = {one() for _ in range(500)} | {other() for _ in range(500)}
    assert len(made) == 1000


def test_a_forked_process_goes_on_with_other_random_bytes() -> None:
    uuid7()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, uuid7._random(16))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    its = os.read(reading, 16)
    os.close(reading)
    os.close(writing)
    assert len(its) == 16
    assert its != uuid7._random(16)
