"""The window: so many rings, then the dispatcher's turn; and what of a message can be nonsense."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from uuid import UUID

import pytest

from haulage.domain.errors import Unavailable
from haulage.domain.ids import uuid7
from haulage.engine.cpu_pool import ids_of_request
from haulage.engine.io_pool import ids_of
from haulage.engine.window import HOLD_S, LOOK_EVERY_S, MOST_TIMES, Window, size_of
from haulage.storage.dispatch_store import Ringing


class Table:
    """Counts how often it is looked at."""

    def __init__(self) -> None:
        self.waiting: dict[str, int] = {}
        self.ended_per_s = 0.0
        self.looks = 0
        self.now = 100.0
        self.away = False

    async def rung_waiting(self) -> dict[str, Ringing]:
        self.looks += 1
        if self.away:
            raise Unavailable("away")
        return {queue: Ringing(count, self.ended_per_s) for queue, count in self.waiting.items()}


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def window(table: Table) -> Window:
    return Window(4, table.rung_waiting, monotonic=lambda: table.now)


async def taken(window: Window, count: int, queue: str = "io") -> int:
    return sum([await window.take(queue) for _ in range(count)])


async def test_while_little_waits_nobody_looks(table: Table, window: Window) -> None:
    assert await taken(window, 2) == 2
    assert table.looks == 0


async def test_a_full_window_takes_no_more(table: Table, window: Window) -> None:
    table.waiting = {"io": 3}
    assert await taken(window, 9) == 3
    assert table.looks == 1


async def test_queues_have_windows_of_their_own(window: Window) -> None:
    assert await taken(window, 9) >= 4
    assert await window.take("cpu")


async def test_room_that_was_made_is_found_after_a_moment(table: Table, window: Window) -> None:
    table.waiting = {"io": 4}
    assert await taken(window, 9) == 2
    table.waiting = {"io": 0}
    assert await taken(window, 1) == 0
    table.now += LOOK_EVERY_S
    assert await taken(window, 1) == 1


async def test_a_window_holds_some_seconds_of_what_quick_workers_end(
    table: Table, window: Window
) -> None:
    table.waiting, table.ended_per_s = {"io": 3}, 20 / HOLD_S
    assert await taken(window, 50) == 17 + 2


async def test_a_window_shrinks_again_with_the_workers_pace(table: Table, window: Window) -> None:
    table.waiting, table.ended_per_s = {"io": 3}, 20 / HOLD_S
    await taken(window, 4)
    table.waiting, table.ended_per_s = {"io": 6}, 0.0
    table.now += LOOK_EVERY_S
    assert await taken(window, 1) == 0


def test_a_window_has_its_least_and_its_most_whatever_workers_say() -> None:
    sizes = [size_of(4, Ringing(0, pace)) for pace in (0.0, 3 / HOLD_S, 17 / HOLD_S, 1e9)]
    assert sizes == [4, 4, 17, 4 * MOST_TIMES]


async def test_without_postgresql_the_estimate_stands(table: Table, window: Window) -> None:
    table.away = True
    assert await taken(window, 9) == 4


def body(value: object) -> bytes:
    return json.dumps(value).encode()


JOB = uuid7()


def test_the_ids_of_a_message_are_read() -> None:
    assert ids_of(body([[[str(JOB)]], {}, {}]), "application/json", "utf-8") == (JOB,)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"\xff\xfe",
        b"{",
        body(None),
        body([]),
        body([[]]),
        body([[5]]),
        body([[[5]]]),
        body([[None]]),
        body([[["no id"]]]),
        body([[{"a": 1}]]),
        body({"a": 1}),
        body("text"),
        b"[" * 10_000,
    ],
)
def test_nonsense_in_a_message_is_no_job(nonsense: bytes) -> None:
    assert ids_of(nonsense, "application/json", "utf-8") == ()


@pytest.mark.parametrize("content_type", ["application/x-python-serialize", "application/x-yaml"])
def test_a_message_that_is_no_json_is_never_unpacked(content_type: str) -> None:
    assert ids_of(b"cos\nsystem\n(S'true'\ntR.", content_type, "binary") == ()


def request(task_id: object) -> SimpleNamespace:
    return SimpleNamespace(id=task_id)


@pytest.mark.parametrize("make", [str, lambda job_id: f"{job_id}.3"], ids=["first", "third"])
def test_the_job_of_a_single_message_is_known_by_its_task_id(make: Callable[[UUID], str]) -> None:
    assert ids_of_request(request(make(JOB))) == [JOB]


@pytest.mark.parametrize("wrong", [None, request(None), request("no id"), request(5)])
def test_a_request_without_a_job_has_none(wrong: object) -> None:
    assert ids_of_request(wrong) == []
