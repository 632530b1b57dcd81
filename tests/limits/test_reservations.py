"""One call of the script: all limits of a request, or none of them."""

import pytest
import redis.asyncio as redis

from haulage.brokers import redis_clients
from haulage.domain.limits import Asker
from haulage.limits.limit import Limit, Measure, Period, Scope, Strategy
from tests.limits.conftest import Line

REQUESTS, TOKENS = Measure.REQUESTS, Measure.TOKENS
PER_MINUTE = Limit(REQUESTS, 2, Period.MINUTE)
TOKENS_PER_MINUTE = Limit(TOKENS, 1000, Period.MINUTE)
AT_ONCE = Limit(Measure.CONCURRENCY, 2)
BUCKET = Limit(REQUESTS, 10, Period.SECOND, Strategy.BUCKET, burst=2)


async def test_it_runs_on_the_systems_redis_too(path_redis_url: str) -> None:
    client = redis_clients.connect(path_redis_url)
    line = Line(client, PER_MINUTE, BUCKET, AT_ONCE, TOKENS_PER_MINUTE)
    assert await line.take("a", tokens=10) == ["granted", 0]
    assert (await line.take("b", tokens=2000))[0] == "never"
    assert await line.settle("a", tokens=5) == "settled"
    await client.aclose()


async def test_what_one_limit_refuses_no_other_counts(client: "redis.Redis") -> None:
    line = Line(client, PER_MINUTE, TOKENS_PER_MINUTE)
    await line.take("a", tokens=900)
    assert (await line.take("b", tokens=200))[0] == "wait"
    await line.cancel("b")
    assert await line.take("c", tokens=100) == ["granted", 0]


async def test_the_answer_says_which_limit_and_until_when(client: "redis.Redis") -> None:
    line = Line(client, PER_MINUTE)
    await line.take("a")
    line.ms = 10_000
    await line.take("b")
    # A grain of half a second longer than the minute.
    assert await line.take("c") == ["wait", 60_500, "requests.minute.rolling.pool:"]


async def test_what_can_never_fit_is_said_at_once(client: "redis.Redis") -> None:
    line = Line(client, TOKENS_PER_MINUTE)
    assert await line.take("a", tokens=1001) == ["never", "tokens.minute.rolling.pool:"]


async def test_the_same_id_has_the_same_answer_and_counts_once(client: "redis.Redis") -> None:
    line = Line(client, PER_MINUTE)
    assert await line.take("a") == await line.take("a") == ["granted", 0]
    assert await line.take("b") == ["granted", 0]


async def test_a_settlement_gives_back_what_was_not_used(client: "redis.Redis") -> None:
    line = Line(client, TOKENS_PER_MINUTE)
    await line.take("a", tokens=1000)
    assert await line.settle("a", tokens=400) == "settled"
    assert await line.take("b", tokens=600) == ["granted", 0]


async def test_a_call_is_settled_once(client: "redis.Redis") -> None:
    line = Line(client, TOKENS_PER_MINUTE)
    born = (await line.call(line.taking("a", tokens=1000)))["generation"]
    await line.settle("a", tokens=900, born=born)
    assert await line.settle("a", tokens=0, born=born) == "unknown"
    assert (await line.take("b", tokens=101))[0] == "wait"


async def test_using_more_than_reserved_is_a_debt(client: "redis.Redis") -> None:
    line = Line(client, TOKENS_PER_MINUTE)
    await line.take("a", tokens=10)
    await line.settle("a", tokens=1500)
    line.ms = 60_000
    assert (await line.take("b", tokens=1))[0] == "wait"
    line.ms = 60_500
    assert await line.take("b", tokens=1) == ["granted", 60_500]


async def test_a_crash_frees_places_and_tokens_after_the_ttl(client: "redis.Redis") -> None:
    line = Line(client, AT_ONCE, TOKENS_PER_MINUTE)
    await line.take("a", tokens=500, ttl_s=5)
    await line.take("b", tokens=500, ttl_s=5)
    line.ms = 4_999
    assert (await line.take("c", tokens=1000))[0] == "wait"
    line.ms = 5_000
    assert await line.take("c", tokens=1000) == ["granted", 5_000]


async def test_a_settlement_after_the_ttl_still_counts_its_tokens(client: "redis.Redis") -> None:
    line = Line(client, TOKENS_PER_MINUTE)
    await line.take("a", tokens=1000, ttl_s=5)
    line.ms = 6_000
    assert await line.settle("a", tokens=800) == "settled"
    assert (await line.take("b", tokens=300))[0] == "wait"


async def test_a_settlement_lets_the_next_one_through(client: "redis.Redis") -> None:
    line = Line(client, Limit(Measure.CONCURRENCY, 1))
    await line.take("a")
    await line.take("b", stay=True)
    lane = line.taking("a")[2]
    assert (await line.call(["settle", "a", 1, 0, "", lane]))["granted"] == {"b": 0}


async def test_a_bucket_gives_each_its_own_moment(client: "redis.Redis") -> None:
    line = Line(client, BUCKET)
    said = await line.call(*(line.taking(f"{n}", stay=True) for n in range(5)))
    assert said["answers"][:4] == [
        ["granted", 0],
        ["granted", 0],
        ["granted", 100],
        ["granted", 200],
    ]
    assert said["answers"][4] == ["wait", 300, "requests.second.bucket.pool:"]


async def test_a_limit_of_one_tenant_takes_the_place_of_everybodys(client: "redis.Redis") -> None:
    everybody = Limit(REQUESTS, 1, Period.MINUTE, scope=Scope.TENANT)
    acme = Limit(REQUESTS, 3, Period.MINUTE, scope=Scope.TENANT, of="acme")
    line = Line(client, everybody, acme)
    for name in "abc":
        assert (await line.take(name, Asker(tenant="acme")))[0] == "granted"
    assert (await line.take("d", Asker(tenant="acme")))[0] == "wait"
    assert (await line.take("e", Asker(tenant="other")))[0] == "granted"
    assert (await line.take("f", Asker(tenant="other")))[0] == "wait"


@pytest.mark.parametrize(
    ("zone", "opens_at_ms"), [("UTC", 12 * 3_600_000), ("Europe/Rome", 10 * 3_600_000)]
)
async def test_a_fixed_day_begins_at_midnight_of_its_time_zone(
    client: "redis.Redis", zone: str, opens_at_ms: int
) -> None:
    line = Line(client, Limit(REQUESTS, 1, Period.DAY, Strategy.FIXED, timezone=zone))
    await line.call(["restore", line.taking("a")[2].split("\n")[2], []])
    await line.take("a")
    answer = await line.take("b")
    assert answer[:2] == ["wait", opens_at_ms]
    line.ms = opens_at_ms
    assert await line.take("b") == ["granted", opens_at_ms]
