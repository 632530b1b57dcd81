"""A provider that refuses, or says that less is left than we think, slows its pool."""

import redis.asyncio as redis

from haulage.domain.limits import Asker
from haulage.limits.limit import Limit, Measure, Period, Strategy
from tests.limits.conftest import Line

TEN_A_SECOND = Limit(Measure.REQUESTS, 10, Period.SECOND, Strategy.BUCKET, burst=1)
PER_MINUTE = Limit(Measure.REQUESTS, 100, Period.MINUTE)


async def test_nothing_goes_until_the_provider_says_so(client: "redis.Redis") -> None:
    line = Line(client, PER_MINUTE)
    await line.call(["brake", "", 7_000])
    assert await line.take("a") == ["wait", 7_000, "frozen"]
    line.ms = 7_000
    assert (await line.take("a"))[0] == "granted"


async def test_a_model_that_is_refused_leaves_the_others_alone(client: "redis.Redis") -> None:
    line = Line(client, PER_MINUTE)
    await line.call(["brake", "slow", 7_000])
    assert (await line.take("a", Asker(model="slow")))[0] == "wait"
    assert (await line.take("b", Asker(model="quick")))[0] == "granted"


async def test_after_a_refusal_the_pool_goes_slower_and_recovers(client: "redis.Redis") -> None:
    line = Line(client, TEN_A_SECOND)
    await line.call(["brake", "", 0])
    first = await line.take("a")
    # Seven a second are let through instead of ten: the next one comes after 143 ms.
    second = await line.take("b")
    assert 140 <= second[1] - first[1] <= 143
    line.ms = 60_000
    third, fourth = await line.take("c"), await line.take("d")
    assert fourth[1] - third[1] == 100


async def test_refusals_of_one_moment_count_once(client: "redis.Redis") -> None:
    line = Line(client, TEN_A_SECOND)
    await line.call(*(["brake", "", 0] for _ in range(20)))
    assert (await line.call(["look"]))["answers"][0][4] >= 0.69


async def test_somebody_elses_calls_on_the_account_lower_ours(client: "redis.Redis") -> None:
    line = Line(client, PER_MINUTE)
    lane = line.taking("a")[2]
    said = await line.call(["remaining", lane, "requests", 1, 20_000])
    assert said["answers"] == [["lowered"]]
    assert (await line.take("a"))[0] == "granted"
    waiting = await line.take("b")
    assert waiting[0] == "wait"
    # Until the provider's own window is over, and no longer than a grain beyond it.
    assert 20_000 <= waiting[1] <= 20_500


async def test_what_we_know_already_changes_nothing(client: "redis.Redis") -> None:
    line = Line(client, PER_MINUTE)
    lane = line.taking("a")[2]
    await line.take("a")
    said = await line.call(["remaining", lane, "requests", 95, 20_000])
    assert said["answers"] == [["known"]]
