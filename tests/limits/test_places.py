"""Who comes again later keeps the place and is told the right moment; ghosts keep nothing."""

import redis.asyncio as redis

from haulage.limits.limit import Limit, Measure, Period, Strategy
from tests.limits.conftest import Line

PER_MINUTE = Limit(Measure.REQUESTS, 2, Period.MINUTE)
TWO_AT_ONCE = Limit(Measure.CONCURRENCY, 2)
PER_HOUR = Limit(Measure.REQUESTS, 2, Period.HOUR, Strategy.FIXED)
OTHER = "haulage:limits:turns:other"
HOUR_MS = 3_600_000


async def test_a_window_opens_for_as_many_as_it_holds(client: "redis.Redis") -> None:
    line = Line(client, PER_HOUR)
    for name in ("a", "b"):
        await line.take(name)
    turns = [(await line.take(name))[1] for name in ("c", "d", "e", "f", "g")]
    assert turns == [HOUR_MS, HOUR_MS, 2 * HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS]


async def test_a_rolling_window_does_too(client: "redis.Redis") -> None:
    line = Line(client, PER_MINUTE)
    for name in ("a", "b"):
        await line.take(name)
    turns = [(await line.take(name))[1] for name in ("c", "d", "e")]
    assert turns == [60_500, 60_500, 120_500]


async def test_a_concurrency_limit_tells_by_how_long_its_calls_take(client: "redis.Redis") -> None:
    line = Line(client, TWO_AT_ONCE)
    await line.take("a")
    line.ms = 4_000
    await line.settle("a")
    for name in ("b", "c"):
        await line.take(name)
    # Places come free every two seconds: two calls, four seconds each.
    assert [(await line.take(name))[1] for name in ("d", "e")] == [6_000, 8_000]


async def test_after_a_refusal_not_all_come_back_at_once(client: "redis.Redis") -> None:
    line = Line(client, Limit(Measure.REQUESTS, 1, Period.SECOND, Strategy.BUCKET, burst=1))
    await line.call(["brake", "", 7_000])
    turns = [(await line.take(name))[1] for name in ("a", "b", "c")]
    assert turns[0] == 7_000
    assert turns[1] - turns[0] >= 1_000
    assert turns[2] - turns[1] >= 1_000


async def test_calls_asked_for_within_one_millisecond_have_places_of_their_own(
    client: "redis.Redis",
) -> None:
    line = Line(client, PER_HOUR)
    await line.take("a", requests=2)
    # What their process knows of Redis' clock puts both a little ahead of it.
    turns = [
        (await line.take(name, requests=2, asked_ms=asked_ms))[1]
        for name, asked_ms in (("b", 0.2), ("c", 0.7))
    ]
    assert turns == [HOUR_MS, 2 * HOUR_MS]


async def test_who_is_foreseen_within_its_patience_stays_in_line(client: "redis.Redis") -> None:
    line = Line(client, Limit(Measure.REQUESTS, 1, Period.SECOND, Strategy.BUCKET, burst=1))
    await line.take("a")
    stays, leaves = line.taking("b"), line.taking("c")
    stays[6], leaves[6] = 1_500, 1_500
    await line.call(stays, leaves)
    line.ms = 1_000
    assert await line.serve() == {"b": 1_000}
    line.ms = 2_000
    assert await line.serve() == {}
    assert (await line.take("c")) == ["granted", 2_000]


async def test_a_place_outlives_a_long_wait(client: "redis.Redis") -> None:
    line = Line(client, Limit(Measure.REQUESTS, 1, Period.DAY))
    await line.call(["restore", line.taking("a")[2].split("\n")[2], []])
    await line.take("a")
    first = await line.take("b")
    line.ms = 20 * HOUR_MS
    assert (await line.take("c"))[1] > first[1] + 20 * HOUR_MS


async def test_a_dead_process_call_counts_beside_the_one_that_takes_its_place(
    client: "redis.Redis",
) -> None:
    line = Line(client, PER_MINUTE, TWO_AT_ONCE)
    await line.take("job", ttl_s=100)
    # It may have been sent, so the same call of the next attempt is another one.
    again = (await line.call(line.taking("job", ttl_s=100), channel=OTHER))["answers"][0]
    assert again[0] == "granted"
    assert (await line.take("third"))[0] == "wait"


async def test_what_a_dead_process_held_is_free_when_its_time_is_over(
    client: "redis.Redis",
) -> None:
    line = Line(client, TWO_AT_ONCE)
    await line.take("job", ttl_s=100)
    await line.call(line.taking("job", ttl_s=500), channel=OTHER)
    assert (await line.take("third"))[0] == "wait"
    line.ms = 100_000
    assert (await line.take("third"))[0] == "granted"
    assert (await line.take("fourth"))[0] == "wait"


async def test_a_process_that_was_given_up_cannot_settle_what_is_anothers(
    client: "redis.Redis",
) -> None:
    line = Line(client, TWO_AT_ONCE)
    await line.take("job")
    await line.call(line.taking("job"), channel=OTHER)
    assert await line.settle("job") == "unknown"
    assert (await line.cancel("job"))["answers"] == [["unknown"]]
    assert (await line.take("third"))[0] == "wait"
