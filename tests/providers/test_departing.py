"""Calls depart when their connection stands, and no two of them share one."""

import asyncio

from haulage.providers.connections import Connections
from tests.providers.conftest import Desk, Desks


async def test_each_call_departs_once_whatever_becomes_of_it(desk: Desk) -> None:
    await desk.ask("openai:gpt-4o-mini")
    await desk.ask("gemini:gemini-2.5-flash")
    await desk.ask("other:m")
    assert desk.road.departed == 3


async def test_what_it_waits_for_its_moment_is_not_the_providers_time(desks: Desks) -> None:
    desk = desks.open(timeout_s=1)
    desk.road.departs_after_s = 1.1
    assert (await desk.ask("openai:gpt-4o-mini", text="bonjour")).text == "bonjour"


async def test_a_call_under_way_has_its_connection_alone_and_leaves_it_to_the_next() -> None:
    connections = Connections()
    async with connections.client("http://one") as first:
        async with connections.client("http://one") as second:
            assert second is not first
        async with connections.client("http://two") as elsewhere:
            assert elsewhere is not second
        async with connections.client("http://one") as third:
            assert third is second
    async with connections.client("http://one") as last:
        assert last is first
    await connections.close()
    assert first.is_closed
    assert second.is_closed


async def test_many_calls_at_once_each_depart(desk: Desk) -> None:
    answers = await asyncio.gather(
        *(desk.ask("openai:gpt-4o-mini", text=f"{number}") for number in range(20))
    )
    assert [one.text for one in answers] == [f"{number}" for number in range(20)]
    assert desk.road.departed == 20
