"""A job's events over WebSockets, on the server as it ships."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from haulage.domain.outcome import Succeeded
from haulage.domain.scope import Scope
from haulage.engine import bus
from haulage.engine.services import Services
from haulage.settings import Settings
from tests.api.callers import Callers, guarded
from tests.api.conftest import Worker
from tests.api.served import Served, serving

SUCCEEDED = Succeeded('{"said":"hello"}')


@pytest.fixture
async def rung(services: Services, settings: Settings) -> AsyncIterator[Services]:
    bell = bus.Bus(bus.connect(settings.require_redis_url()), prefix=settings.redis.prefix)
    yield replace(services, event_bell=bell, worker_bell=bell)
    await bell.close()


@pytest.fixture
async def served(rung: Services, settings: Settings) -> AsyncIterator[Served]:
    async with serving(settings, rung) as served:
        yield served


@pytest.fixture
def worker(rung: Services, worker: Worker) -> Worker:
    return Worker(rung, worker.id)


async def rest(reader: ClientConnection) -> list[dict[str, Any]]:
    async with asyncio.timeout(10):
        return [json.loads(message) async for message in reader]


async def drained(reader: ClientConnection) -> None:
    while True:
        await reader.recv()


async def test_it_tells_a_job_from_its_first_event_to_its_last(
    served: Served, worker: Worker
) -> None:
    job_id = await served.submit()
    async with served.follow(job_id) as reader:
        first = json.loads(await reader.recv())
        assert (first["id"], first["event"], first["data"]["state"]) == (1, "state", "queued")
        await served.waiting(1)
        lease = await worker.claim(job_id)
        await worker.progress(lease, 50)
        await worker.log(lease, "line")
        await worker.settle(lease, SUCCEEDED)
        told = await rest(reader)
        assert [one["id"] for one in told] == [2, 3, 4, 5]
        assert [one["event"] for one in told] == ["state", "progress", "log", "state"]
        assert reader.close_code == 1000
    assert served.api.hub.waiting == 0


async def test_both_faces_tell_the_same(served: Served, worker: Worker) -> None:
    job_id = await served.submit()
    await worker.succeed(job_id)
    async with served.follow(job_id) as reader:
        over_ws = await rest(reader)
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"http://127.0.0.1:{served.port}/api/v1/jobs/{job_id}/events")
    blocks = [block.split("\n") for block in answer.text.strip().split("\n\n")[1:]]
    assert [json.loads(block[2].removeprefix("data: ")) for block in blocks] == [
        one["data"] for one in over_ws
    ]


async def test_after_says_where_it_begins(served: Served, worker: Worker) -> None:
    job_id = await served.submit()
    await worker.succeed(job_id)
    async with served.follow(job_id, "?after=2") as reader:
        assert [one["id"] for one in await rest(reader)] == [3]


@pytest.mark.parametrize(
    ("job_id", "query", "code"),
    [
        ("01960000-0000-7000-8000-000000000000", "", 4404),
        ("nonsense", "", 4404),
        (None, "?after=x", 4400),
        (None, "?after=-1", 4400),
        (None, "?befor=1", 4400),
    ],
)
async def test_a_request_that_does_not_fit_is_closed_with_a_code_that_says_so(
    served: Served, job_id: str | None, query: str, code: int
) -> None:
    async with served.follow(job_id or await served.submit(), query) as reader:
        with pytest.raises(ConnectionClosed) as closed:
            await reader.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code
    assert closed.value.rcvd.reason


async def test_pages_of_other_sites_are_refused(served: Served) -> None:
    job_id = await served.submit()
    with pytest.raises(InvalidStatus) as refused:
        async with served.follow(job_id, origin="http://elsewhere.example"):
            pass
    assert refused.value.response.status_code == 403
    async with served.follow(job_id, origin=f"http://127.0.0.1:{served.port}") as reader:
        assert json.loads(await reader.recv())["id"] == 1


async def test_a_reader_who_leaves_is_forgotten_at_once(served: Served) -> None:
    job_id = await served.submit()
    async with served.follow(job_id) as reader:
        await reader.recv()
        await served.waiting(1)
    await served.waiting(0)


async def test_what_a_reader_says_is_ignored_and_too_much_of_it_ends_it(served: Served) -> None:
    job_id = await served.submit()
    async with served.follow(job_id) as reader:
        await served.waiting(1)
        await reader.send("hello")
        await reader.send(b"x" * 100_000)
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(drained(reader), 10)
        assert reader.close_code == 1009
    await served.waiting(0)


async def test_a_shutdown_says_that_it_is_one(served: Served) -> None:
    job_id = await served.submit()
    async with served.follow(job_id) as reader:
        await served.waiting(1)
        served.api.hub.end_all()
        await rest(reader)
        assert reader.close_code == 1001


@pytest.mark.parametrize("face", ["events", "ws"])
async def test_a_reader_that_takes_nothing_is_cut_off_and_harms_nobody(
    rung: Services, settings: Settings, worker: Worker, face: str
) -> None:
    async with serving(settings, rung, max_stall_s=0.3, max_behind=1_000_000) as served:
        job_id = await served.submit()
        lease = await worker.claim(job_id)
        with stalled(served.port, f"/api/v1/jobs/{job_id}/{face}") as blocked:
            await served.waiting(1)
            async with served.follow(job_id) as reader:
                await served.waiting(2)
                had = 0
                # More than all buffers between here and there take; then the kernel's patience.
                async with asyncio.timeout(20):
                    while served.api.hub.waiting == 2:
                        await worker.log(lease, *["y" * 10_000] * 50)
                        while had < 50:
                            had += json.loads(await reader.recv())["event"] == "log"
                        had = 0
                await worker.settle(lease, SUCCEEDED)
                assert (await rest(reader))[-1]["data"]["state"] == "succeeded"
            assert blocked.fileno() >= 0
        await served.waiting(0)


def stalled(port: int, path: str) -> socket.socket:
    """A connection that asks and never reads."""
    asking = socket.socket()
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asking.connect(("127.0.0.1", port))
    upgrade = (
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
    )
    asking.sendall(
        f"GET {path} HTTP/1.1\r\nHost: x\r\n{upgrade if path.endswith('ws') else ''}\r\n".encode()
    )
    return asking


@pytest.fixture
async def locked(rung: Services, settings: Settings) -> AsyncIterator[Served]:
    async with serving(guarded(settings), rung) as served:
        yield served


async def locked_job(locked: Served) -> tuple[str, str]:
    """A job that is over, and a key that may read it."""
    key = await Callers(locked.api, AsyncExitStack()).key(Scope.SUBMIT, Scope.READ)
    headers = {"Authorization": f"Bearer {key}"}
    body = {"type": "speak", "input": {"text": "hello"}}
    async with httpx.AsyncClient(trust_env=False, headers=headers) as http:
        url = f"http://127.0.0.1:{locked.port}/api/v1/jobs"
        job_id = (await http.post(url, json=body)).json()["id"]
        await http.delete(f"{url}/{job_id}")
    return job_id, key


async def test_a_key_is_given_in_the_header(locked: Served) -> None:
    job_id, key = await locked_job(locked)
    headers = {"Authorization": f"Bearer {key}"}
    async with locked.follow(job_id, additional_headers=headers) as reader:
        assert (await rest(reader))[-1]["data"]["state"] == "cancelled"


async def test_a_browser_gives_its_key_as_the_first_protocol(locked: Served) -> None:
    job_id, key = await locked_job(locked)
    async with locked.follow(job_id, subprotocols=[f"bearer.{key}", "haulage"]) as reader:
        assert reader.subprotocol == "haulage", "the key is not said back"
        assert (await rest(reader))[-1]["data"]["state"] == "cancelled"


@pytest.mark.parametrize(
    ("query", "options", "code"),
    [
        ("", {}, 4401),
        ("", {"subprotocols": ["bearer.hlg_nonsense", "haulage"]}, 4401),
        ("?key=hlg_nonsense", {}, 4401),
    ],
)
async def test_a_stranger_is_told_so(
    locked: Served, query: str, options: dict[str, Any], code: int
) -> None:
    job_id, _ = await locked_job(locked)
    async with locked.follow(job_id, query, **options) as reader:
        with pytest.raises(ConnectionClosed):
            await reader.recv()
    assert reader.close_code == code


async def test_a_key_that_may_not_read_is_told_so(locked: Served) -> None:
    job_id, _ = await locked_job(locked)
    key = await Callers(locked.api, AsyncExitStack()).key(Scope.SUBMIT)
    async with locked.follow(job_id, subprotocols=[f"bearer.{key}", "haulage"]) as reader:
        with pytest.raises(ConnectionClosed):
            await reader.recv()
    assert reader.close_code == 4403
