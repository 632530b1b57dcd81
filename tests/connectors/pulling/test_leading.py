"""Of many pollers one leads a source; its end is another's turn."""

import asyncio
from typing import Any

from bench.task_api import TaskApi


async def test_another_takes_over_as_soon_as_the_leader_stops(desks: Any, api: TaskApi):
    first, second = await desks.open(api), await desks.open(api)
    stops = asyncio.Event(), asyncio.Event()
    leading = asyncio.create_task(first.poller.run(stops[0]))
    await first.until(lambda: api.calls["list"] == 1)
    standing_by = asyncio.create_task(second.poller.run(stops[1]))
    stops[0].set()
    await leading
    api.add("a1")
    await first.until(lambda: first.jobs())
    await first.work()
    await first.until(lambda: "a1" in api.told)
    stops[1].set()
    await standing_by
    assert len(api.told["a1"]) == 1


async def test_a_report_under_way_is_finished_before_the_end(desk: Any, api: TaskApi):
    api.add("a1")
    await desk.pull()
    await desk.work()
    api.slow_s = 0.3
    stop = asyncio.Event()
    running = asyncio.create_task(desk.poller.run(stop))
    await desk.until(lambda: api.calls["report"] == 1)
    stop.set()
    await running
    assert desk.rows()[0]["outcome"] == "reported"


async def test_a_fault_of_ours_does_not_end_the_poll(desk: Any, api: TaskApi, monkeypatch: Any):
    monkeypatch.setattr("haulage.connectors.poller.BROKEN_S", 0.01)
    known, failures = desk.puller._store.known, []

    async def breaks_once(*given: Any) -> set[str]:
        if not failures:
            failures.append(True)
            desk.puller._list_at = 0.0
            raise RuntimeError("a bug")
        return await known(*given)

    monkeypatch.setattr(desk.puller._store, "known", breaks_once)
    api.add("a1")
    stop = asyncio.Event()
    running = asyncio.create_task(desk.poller.run(stop))
    await desk.until(lambda: desk.jobs())
    stop.set()
    await running
