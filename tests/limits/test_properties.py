"""The script against a plain model, on a real Redis, with the time as an argument."""

import asyncio
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haulage.brokers import redis_clients
from haulage.domain.limits import Asker
from haulage.limits.limit import Limit, Measure, Period, Scope, Strategy
from tests.limits.conftest import NOON_MS, Line
from tests.limits.model import NEVER, Model

DAY_MS = 86_400_000
MINUTE_MS = 60_000

amounts = st.integers(1, 40)
requests_limit = st.builds(
    Limit,
    measure=st.just(Measure.REQUESTS),
    amount=st.integers(1, 12),
    period=st.sampled_from([Period.SECOND, Period.MINUTE]),
    strategy=st.sampled_from([Strategy.ROLLING, Strategy.BUCKET]),
)
tokens_limit = st.builds(
    Limit,
    measure=st.just(Measure.TOKENS),
    amount=st.integers(20, 200),
    period=st.sampled_from([Period.SECOND, Period.MINUTE, Period.HOUR]),
    strategy=st.sampled_from([Strategy.ROLLING, Strategy.BUCKET]),
)
places = st.builds(Limit, measure=st.just(Measure.CONCURRENCY), amount=st.integers(1, 5))
hourly = st.builds(
    Limit,
    measure=st.just(Measure.TOKENS),
    amount=st.integers(30, 300),
    period=st.just(Period.HOUR),
    strategy=st.just(Strategy.FIXED),
)
pools = st.tuples(
    st.one_of(st.none(), requests_limit),
    st.one_of(st.none(), tokens_limit),
    st.one_of(st.none(), places),
    st.one_of(st.none(), hourly),
).map(lambda given: tuple(one for one in given if one))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("take"), amounts),
        st.tuples(st.just("settle"), st.integers(0, 60)),
        st.tuples(st.just("wait"), st.sampled_from([1, 7, 90, 400, 1_000, 7_300, 61_000])),
    ),
    max_size=30,
)
often = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def emptied(redis_url: str) -> Iterator[Any]:
    """Runs a coroutine function on an emptied Redis: examples share one fixture."""
    cleaner = redis.Redis.from_url(redis_url)

    def run(body: Any) -> None:
        cleaner.flushdb()

        async def inside() -> None:
            client = redis_clients.connect(redis_url)
            try:
                await body(client)
            finally:
                await client.aclose()

        asyncio.run(inside())

    yield run
    cleaner.close()


@often
@given(limits=pools, script=steps, slack_ms=st.sampled_from([0, 100]))
def test_every_answer_is_the_models(
    emptied: Any, limits: tuple[Limit, ...], script: list[tuple[str, int]], slack_ms: int
) -> None:
    async def body(client: Any) -> None:
        # A bucket's burst is what it says: the slack only lengthens windows here.
        roomy = all(limit.strategy is not Strategy.BUCKET for limit in limits)
        line = Line(client, *limits, slack_s=slack_ms / 1000 if roomy else 0.0)
        model = Model(line.pool, day_ms=60 * MINUTE_MS)
        held: list[str] = []
        names = (f"{n}" for n in itertools.count())
        for action, number in script:
            now = NOON_MS + line.ms
            if action == "wait":
                line.ms += number
            elif action == "take":
                name = next(names)
                foreseen = model.when(now, 1, number)
                said = await line.take(name, tokens=number)
                if foreseen == NEVER:
                    assert said[0] == "never"
                elif foreseen <= now + 200:
                    assert said[0] == "granted"
                    assert said[1] == pytest.approx(foreseen - NOON_MS, abs=0.1)
                    model.take(name, NOON_MS + said[1], 1, number)
                    held.append(name)
                else:
                    assert said[0] == "wait"
                    if foreseen != float("inf"):
                        assert said[1] == pytest.approx(foreseen - NOON_MS, abs=0.1)
                    await line.cancel(name)
            elif held:
                name = held.pop(0)
                assert await line.settle(name, tokens=number) == "settled"
                model.settle(name, now, 1, number)

    emptied(body)


@often
@given(
    limits=pools,
    calls=st.lists(
        st.tuples(amounts, st.sampled_from(["a", "b", "c"]), st.sampled_from([0, 0, 0, 130, 900])),
        min_size=1,
        max_size=40,
    ),
)
def test_no_limit_is_ever_overrun_and_everybody_gets_a_turn(
    emptied: Any, limits: tuple[Limit, ...], calls: list[tuple[int, str, int]]
) -> None:
    async def body(client: Any) -> None:
        mine = Limit(Measure.REQUESTS, 3, Period.SECOND, scope=Scope.TENANT)
        line = Line(client, *limits, mine)
        granted: dict[str, float] = {}
        asked: dict[str, tuple[int, str]] = {}
        over: dict[str, float] = {}

        def note(said: dict[str, Any], names: list[str]) -> None:
            granted.update(said["granted"])
            for name, answer in zip(names, said["answers"], strict=False):
                if answer and answer[0] == "granted":
                    granted[name] = answer[1]
                if answer and answer[0] == "never":
                    del asked[name]

        for number, (tokens, tenant, pause_ms) in enumerate(calls):
            name = f"{number}"
            asked[name] = (tokens, tenant)
            note(
                await line.call(line.taking(name, Asker(tenant), tokens=tokens, stay=True)), [name]
            )
            line.ms += pause_ms
        # Everybody who is through finishes a little later; then the next can go.
        step_ms, before = 50, -1
        while len(granted) < len(asked):
            step_ms = 50 if len(granted) > before else min(2 * step_ms, 10 * MINUTE_MS)
            before = len(granted)
            line.ms += step_ms
            for name in [one for one, at in granted.items() if one not in over and at <= line.ms]:
                tokens, tenant = asked[name]
                lane = line.taking(name, Asker(tenant))[2]
                over[name] = line.ms
                note(await line.call(["settle", name, 1, tokens, "", lane]), [])
            waiting = [name for name in asked if name not in granted]
            note(await line.call(*(["turn", name] for name in waiting)), waiting)
            assert line.ms < 60 * 60 * MINUTE_MS
        for limit in limits:
            check(limit, {name: (granted[name], asked[name][0]) for name in asked}, over)
        for tenant in "abc":
            own = {name: (granted[name], 1) for name in asked if asked[name][1] == tenant}
            check(mine, own, over)

    emptied(body)


def check(limit: Limit, calls: dict[str, tuple[float, int]], over: dict[str, float]) -> None:
    """Count by force: no interval of the granted calls holds more than `limit` allows."""
    takings = sorted(
        (at, tokens if limit.measure is Measure.TOKENS else 1) for at, tokens in calls.values()
    )
    if limit.measure is Measure.CONCURRENCY:
        for at, _ in takings:
            inside = sum(
                start <= at < over.get(name, float("inf")) for name, (start, _) in calls.items()
            )
            assert inside <= limit.amount
        return
    assert limit.period is not None
    per_ms = limit.period.seconds * 1000
    for first, (start, _) in enumerate(takings):
        total = 0
        for end, amount in takings[first:]:
            total += amount
            if limit.strategy is Strategy.BUCKET:
                burst = limit.burst or limit.amount
                assert total <= burst + (end - start) * limit.amount / per_ms + 1e-6
            elif limit.strategy is Strategy.FIXED:
                if (NOON_MS + start) // per_ms == (NOON_MS + end) // per_ms:
                    assert total <= limit.amount
            elif end - start < per_ms:
                assert total <= limit.amount
