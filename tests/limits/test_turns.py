"""Who waits is let through in order, tenants in fair turns, and nobody holds up who needs less."""

import redis.asyncio as redis

from haulage.domain.limits import Asker
from haulage.limits.limit import Limit, Measure, Period, Scope, Strategy
from tests.limits.conftest import Line

ONE_A_SECOND = Limit(Measure.REQUESTS, 1, Period.SECOND, Strategy.BUCKET, burst=1)


async def run_out(line: Line, *, seconds: int) -> list[str]:
    """The ids in the order of their moments."""
    order: dict[str, float] = {}
    for _ in range(seconds * 10):
        order |= await line.serve()
        line.ms += 100
    return sorted(order, key=lambda name: order[name])


async def test_first_come_first_served(client: "redis.Redis") -> None:
    line = Line(client, ONE_A_SECOND)
    await line.call(*(line.taking(f"{n}", stay=True) for n in range(5)))
    assert await run_out(line, seconds=5) == ["1", "2", "3", "4"]


async def test_a_small_tenant_does_not_wait_for_a_big_ones_line(client: "redis.Redis") -> None:
    line = Line(client, ONE_A_SECOND)
    await line.call(*(line.taking(f"big{n}", Asker("big"), stay=True) for n in range(50)))
    await line.call(*(line.taking(f"small{n}", Asker("small"), stay=True) for n in range(3)))
    order = await run_out(line, seconds=8)
    assert {"small0", "small1", "small2"} <= set(order[:7])


async def test_weights_say_how_much_of_the_line_is_whose(client: "redis.Redis") -> None:
    line = Line(client, ONE_A_SECOND, weights={"gold": 3})
    for tenant in ("gold", "plain"):
        await line.call(*(line.taking(f"{tenant}{n}", Asker(tenant), stay=True) for n in range(20)))
    order = await run_out(line, seconds=13)
    assert sum(name.startswith("gold") for name in order[:12]) == 9


async def test_a_cancelled_waiter_gives_its_turn_to_the_next(client: "redis.Redis") -> None:
    line = Line(client, ONE_A_SECOND)
    await line.call(*(line.taking(name, stay=True) for name in ("a", "b", "c")))
    await line.cancel("b")
    line.ms = 1_000
    assert await line.serve() == {"c": 1_000}


async def test_who_comes_again_has_kept_the_place(client: "redis.Redis") -> None:
    line = Line(client, ONE_A_SECOND)
    await line.take("a")
    assert (await line.take("b"))[0] == "wait"
    await line.take("c", stay=True)
    line.ms = 900
    said = await line.call(line.taking("b"))
    assert said["answers"] == [["granted", 1_000]]


async def test_who_is_away_holds_nobody_up(client: "redis.Redis") -> None:
    line = Line(client, ONE_A_SECOND)
    await line.take("a")
    await line.take("b")
    await line.take("c", stay=True)
    line.ms = 1_000
    assert await line.serve() == {"c": 1_000}


async def test_a_killed_process_holds_nobody_up(client: "redis.Redis") -> None:
    line = Line(client, ONE_A_SECOND)
    await line.take("a")
    await line.call(line.taking("b", stay=True), channel="haulage:limits:turns:killed")
    await line.take("c", stay=True)
    line.ms = 1_000
    assert await line.serve() == {"c": 1_000}


async def test_small_calls_do_not_starve_a_large_one(client: "redis.Redis") -> None:
    line = Line(client, Limit(Measure.TOKENS, 100, Period.SECOND, Strategy.BUCKET, burst=100))
    await line.take("a", tokens=100)
    await line.take("large", tokens=80, stay=True)
    await line.take("small", tokens=10, stay=True)
    line.ms = 300
    assert await line.serve() == {}
    line.ms = 800
    assert await line.serve() == {"large": 800, "small": 900}


async def test_a_closed_limit_of_one_model_leaves_the_others_open(client: "redis.Redis") -> None:
    line = Line(client, Limit(Measure.REQUESTS, 1, Period.MINUTE, scope=Scope.MODEL, of="slow"))
    slow, quick = Asker(model="slow"), Asker(model="quick")
    await line.take("a", slow)
    await line.take("b", slow, stay=True)
    assert (await line.take("c", quick, stay=True))[0] == "granted"


async def test_the_foreseen_turn_counts_who_is_ahead(client: "redis.Redis") -> None:
    line = Line(client, ONE_A_SECOND)
    said = await line.call(*(line.taking(f"{n}", stay=True) for n in range(5)))
    assert [answer[1] for answer in said["answers"][1:]] == [1_000, 2_000, 3_000, 4_000]


async def test_places_that_are_abandoned_hold_up_nobody(client: "redis.Redis") -> None:
    line = Line(client, ONE_A_SECOND)
    await line.take("first")
    for place in ("job-1.1.a.1/m", "job-1.1.b.1/m", "job-10.1.a.1/m"):
        await line.take(place)
    assert (await line.take("job-2.1.a.1/m"))[1] == 4_000
    said = await line.call(["abandon", "job-1"])
    assert said["answers"] == [["abandoned", 2]]
    assert (await line.take("job-2.1.a.1/m"))[1] == 2_000
    assert (await line.call(["abandon", "job-1"]))["answers"] == [["abandoned", 0]]
