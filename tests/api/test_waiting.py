"""`Prefer: wait=N`: an answer that waits for its job's end, and holds nothing for longer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from haulage.engine.services import Services
from haulage.settings import Settings
from tests.api.conftest import Api, Submit, Worker, running_api, until
from tests.api.live import Live, listening

# Well within the 20 s that the requests below would wait.
SOON_S = 10
GOOD = {"type": "speak", "input": {"text": "hi"}}
URL = "/api/v1/jobs"


@pytest.fixture
async def api(settings: Settings, services: Services) -> AsyncIterator[Api]:
    async with running_api(settings, services, poll_s=0.05) as api:
        yield api


@asynccontextmanager
async def waiting_post(
    http: httpx.AsyncClient, api: Api, prefer: str = "wait=20", **headers: str
) -> AsyncIterator["tuple[asyncio.Task[httpx.Response], str]"]:
    """A POST that waits by now, and the id of its job."""
    task = asyncio.ensure_future(
        http.post(URL, json=GOOD, headers={"Prefer": prefer, **headers}, timeout=30)
    )
    await until(lambda: api.hub.waiting == 1 or task.done())
    assert not task.done(), task.result().text
    (job_id,) = api.hub._streams
    async with asyncio.timeout(SOON_S):
        yield task, str(job_id)


async def test_a_job_that_ends_in_time_is_answered_with_its_result(
    http: httpx.AsyncClient, api: Api, worker: Worker
) -> None:
    async with waiting_post(http, api) as (post, job_id):
        await worker.succeed(job_id)
        answer = await post
    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait=20"
    assert answer.headers["location"] == f"{URL}/{job_id}"
    assert (answer.json()["state"], answer.json()["result"]) == ("succeeded", {"said": "hello"})


async def test_a_job_that_fails_in_time_is_answered_with_its_error(
    http: httpx.AsyncClient, api: Api, worker: Worker
) -> None:
    async with waiting_post(http, api) as (post, job_id):
        await worker.fail(job_id)
        answer = await post
    assert (answer.status_code, answer.json()["state"]) == (200, "failed")
    assert answer.json()["error"]["code"] == "page_refused"


async def test_a_job_that_takes_longer_is_202_as_it_stands_then(
    http: httpx.AsyncClient, api: Api, worker: Worker
) -> None:
    async with waiting_post(http, api, "wait=1") as (post, job_id):
        await worker.claim(job_id)
        answer = await post
    assert (answer.status_code, answer.json()["state"]) == (202, "running")
    assert answer.headers["preference-applied"] == "wait=1"
    assert api.hub.waiting == 0


async def test_progress_does_not_end_the_wait(
    http: httpx.AsyncClient, api: Api, worker: Worker
) -> None:
    async with waiting_post(http, api) as (post, job_id):
        lease = await worker.claim(job_id)
        await worker.progress(lease, 50)
        await until(lambda: next(iter(api.hub._streams[lease.job_id])).position >= 3)
        assert not post.done()
        await worker.stop(lease)
        assert (await post).json()["state"] == "cancelled"


@pytest.mark.parametrize(
    "prefer", ["respond-async", "wait", "wait=", "wait=soon", "wait=-1", "wait=1.5", "wait=0", ""]
)
async def test_what_asks_for_no_wait_is_answered_at_once(
    http: httpx.AsyncClient, prefer: str
) -> None:
    answer = await http.post(URL, json=GOOD, headers={"Prefer": prefer})
    assert answer.status_code == 202
    assert "preference-applied" not in answer.headers


@pytest.mark.parametrize(
    "prefer",
    ["respond-async, wait=20", 'WAIT = "20"', "wait=20; note=x", "wait=20, wait=9", "wait=99999"],
)
async def test_every_way_to_write_it_counts_and_the_setting_is_the_most(
    api: Api, http: httpx.AsyncClient, worker: Worker, prefer: str
) -> None:
    async with waiting_post(http, api, prefer) as (post, job_id):
        await worker.succeed(job_id)
        applied = (await post).headers["preference-applied"]
    assert applied == ("wait=60" if "9999" in prefer else "wait=20")


async def test_a_job_found_by_its_key_that_is_over_is_answered_at_once(
    http: httpx.AsyncClient, worker: Worker
) -> None:
    headers = {"Idempotency-Key": "one", "Prefer": "wait=20"}
    first = await http.post(URL, json=GOOD, headers={"Idempotency-Key": "one"})
    await worker.succeed(first.json()["id"])
    again = await http.post(URL, json=GOOD, headers=headers)
    assert (again.status_code, again.json()["state"]) == (200, "succeeded")
    assert again.headers["idempotency-replayed"] == "true"


async def test_a_look_at_a_job_can_wait_for_its_end_too(
    http: httpx.AsyncClient, api: Api, submit: Submit, worker: Worker
) -> None:
    job_id = (await submit())["id"]
    url = f"{URL}/{job_id}?include=input"
    look = asyncio.ensure_future(http.get(url, headers={"Prefer": "wait=20"}, timeout=30))
    await until(lambda: api.hub.waiting == 1)
    await worker.succeed(job_id)
    async with asyncio.timeout(SOON_S):
        answer = await look
    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait=20"
    document = answer.json()
    assert (document["state"], document["input"]) == ("succeeded", {"text": "hello", "times": 1})


async def test_a_hundred_waiters_ask_the_database_as_often_as_one(
    api: Api, http: httpx.AsyncClient, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = [
        asyncio.ensure_future(http.post(URL, json=GOOD, headers={"Prefer": "wait=20"}, timeout=30))
        for _ in range(100)
    ]
    await until(lambda: api.hub.waiting == 100)
    reads: list[int] = []
    after = api.services.events.after

    async def counted(positions: Any, **options: Any) -> Any:
        reads.append(len(positions))
        return await after(positions, **options)

    monkeypatch.setattr(api.services.events, "after", counted)
    await until(lambda: len(reads) >= 3)
    assert set(reads) == {100}
    api.hub.end_all()
    answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} == {202}


async def test_a_process_that_is_told_to_stop_keeps_nobody_waiting(
    http: httpx.AsyncClient, api: Api
) -> None:
    async with waiting_post(http, api) as (post, _):
        api.hub.end_all()
        answer = await post
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")


@pytest.fixture
async def live(settings: Settings, services: Services) -> AsyncIterator[Live]:
    async with running_api(settings, services) as api, listening(api) as live:
        yield live


async def test_a_client_that_goes_away_frees_what_its_wait_held(live: Live) -> None:
    hub = live.api.hub
    post = asyncio.ensure_future(
        live.http.post(URL, json=GOOD, headers={"Prefer": "wait=20"}, timeout=30)
    )
    await until(lambda: hub.waiting == 1)
    post.cancel()
    await until(lambda: hub.waiting == 0)
    listed = (await live.http.get(URL)).json()["data"]
    # The job stays: it was accepted, and nobody said that it is not wanted.
    assert [job["state"] for job in listed] == ["queued"]
