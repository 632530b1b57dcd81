"""Queues and workers over HTTP."""

from uuid import UUID

import httpx
import pytest

from haulage.engine.services import Services
from tests.api.conftest import Submit, Worker, assert_problem


async def queue(http: httpx.AsyncClient, name: str) -> dict[str, object]:
    answer = await http.get(f"/api/v1/queues/{name}")
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def test_every_queue_of_the_settings_is_listed(http: httpx.AsyncClient) -> None:
    page = (await http.get("/api/v1/queues")).json()
    assert [(one["name"], one["pool"]) for one in page["data"]] == [
        ("cpu", "cpu"),
        ("haulage", "io"),
        ("io", "io"),
        ("slow", "io"),
    ]
    assert page["next"] is None


async def test_a_queue_tells_its_depth_by_state_lane_and_priority(
    http: httpx.AsyncClient, worker: Worker, submit: Submit
) -> None:
    await submit(priority="high")
    await submit()
    await submit(run_at="2030-06-01T00:00:00Z")
    await worker.claim((await submit())["id"])
    shown = await queue(http, "io")
    assert (shown["waiting"], shown["fresh"], shown["retries"]) == (2, 2, 0)
    assert shown["by_priority"] == {"high": 1, "normal": 1, "low": 0}
    assert (shown["running"], shown["scheduled"]) == (1, 1)
    assert shown["oldest_waiting_at"] == "2030-01-01T12:00:00Z"
    assert (await queue(http, "slow"))["waiting"] == 0


async def test_a_queue_says_how_many_jobs_its_workers_end_a_second(
    http: httpx.AsyncClient, worker: Worker, services: Services
) -> None:
    assert (await queue(http, "io"))["ended_per_s"] == 0
    await services.workers.beat(worker.id, in_flight=1, paces={"io": 12.5})
    assert (await queue(http, "io"))["ended_per_s"] == 12.5
    assert (await queue(http, "slow"))["ended_per_s"] == 0
    await services.workers.retire(worker.id)
    assert (await queue(http, "io"))["ended_per_s"] == 0


async def test_a_paused_queue_says_by_whom_and_why_until_it_is_resumed(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.post("/api/v1/queues/io/pause", json={"reason": "new model"})
    assert answer.json()["paused"]["reason"] == "new model"
    # The first one's words stay.
    again = await http.post("/api/v1/queues/io/pause", json={"reason": "something else"})
    assert again.json()["paused"] == answer.json()["paused"]
    assert (await queue(http, "io"))["paused"]["by"].startswith("anonymous@")  # type: ignore[index]
    resumed = await http.post("/api/v1/queues/io/resume")
    assert resumed.json()["paused"] is None
    assert (await http.post("/api/v1/queues/io/resume")).status_code == 200


@pytest.mark.parametrize("act", ["", "/pause", "/resume"])
async def test_an_unknown_queue_is_404_and_the_nearest_is_named(
    http: httpx.AsyncClient, act: str
) -> None:
    path = f"/api/v1/queues/slwo{act}"
    answer = await (http.post(path, json={}) if act else http.get(path))
    assert_problem(answer, 404, "not_found")
    assert "Did you mean 'slow'?" in answer.json()["detail"]


@pytest.mark.parametrize("body", [{"reason": 5}, {"why": "x"}, [], {"reason": "x" * 501}])
async def test_a_pause_whose_body_does_not_fit_changes_nothing(
    http: httpx.AsyncClient, body: object
) -> None:
    assert_problem(await http.post("/api/v1/queues/io/pause", json=body), 422, "invalid_input")
    assert (await queue(http, "io"))["paused"] is None


async def test_a_worker_shows_what_it_runs(
    http: httpx.AsyncClient, worker: Worker, submit: Submit
) -> None:
    job_id = (await submit())["id"]
    await worker.claim(job_id)
    page = (await http.get("/api/v1/workers")).json()
    (shown,) = [one for one in page["data"] if UUID(one["id"]) == worker.id]
    assert [job["id"] for job in shown["jobs"]] == [job_id]
    assert shown["jobs"][0]["type"] == "speak"
    assert (await http.get(shown["jobs"][0]["href"])).json()["id"] == job_id
    assert (await http.get(f"/api/v1/workers/{worker.id}")).json() == shown


async def test_a_worker_that_drains_takes_nothing_more_and_keeps_what_it_runs(
    http: httpx.AsyncClient, worker: Worker, submit: Submit, services: Services
) -> None:
    running, waiting = (await submit())["id"], (await submit())["id"]
    await worker.claim(running)
    url = f"/api/v1/workers/{worker.id}"
    answer = await http.post(f"{url}/drain")
    assert (answer.status_code, answer.json()["state"]) == (202, "draining")
    assert answer.json()["drain"] == {
        "by": "anonymous@203.0.113.7",
        "since": "2030-01-01T12:00:00Z",
    }
    assert await services.claim([UUID(waiting)], worker_id=worker.id, worker_pid=1) == []
    assert [job["id"] for job in (await http.get(url)).json()["jobs"]] == [running]
    beat = await services.workers.beat(worker.id, in_flight=1, rss_bytes=None)
    assert (beat.alive, beat.drained_by) == (True, "anonymous@203.0.113.7")


async def test_a_worker_that_drains_serves_no_queue(
    http: httpx.AsyncClient, worker: Worker, submit: Submit, services: Services
) -> None:
    job_id = (await submit())["id"]
    await http.post(f"/api/v1/workers/{worker.id}/drain")
    shown = await queue(http, "io")
    assert (shown["workers"], shown["free_slots"]) == (0, 0)
    assert not await services.dispatch.has_free_slot("io")
    why = (await http.get(f"/api/v1/jobs/{job_id}/why")).json()
    assert why["causes"][0]["code"] == "no_worker"


async def test_draining_again_keeps_the_first_ones_name(
    http: httpx.AsyncClient, worker: Worker, services: Services
) -> None:
    await services.workers.drain(worker.id, by="ann")
    answer = await http.post(f"/api/v1/workers/{worker.id}/drain")
    assert answer.json()["drain"]["by"] == "ann"


async def test_an_ended_worker_is_shown_and_stays_as_it_is(
    http: httpx.AsyncClient, worker: Worker, services: Services
) -> None:
    await services.workers.retire(worker.id)
    answer = await http.post(f"/api/v1/workers/{worker.id}/drain")
    shown = answer.json()
    assert (shown["state"], shown["end_reason"], shown["drain"]) == ("ended", "stopped", None)
    assert (await http.get("/api/v1/workers")).json()["data"] == []


@pytest.mark.parametrize("name", ["nonsense", "01a20e43-85bb-7079-a16c-aa5e9b76645d"])
async def test_an_unknown_worker_is_404(http: httpx.AsyncClient, name: str) -> None:
    assert_problem(await http.get(f"/api/v1/workers/{name}"), 404, "not_found")
    assert_problem(await http.post(f"/api/v1/workers/{name}/drain"), 404, "not_found")


async def test_a_queue_counts_the_workers_that_serve_it(
    http: httpx.AsyncClient, worker: Worker
) -> None:
    assert (await queue(http, "io"))["workers"] == 1
    assert (await queue(http, "slow"))["free_slots"] == 10
    assert (await queue(http, "cpu"))["workers"] == 0
