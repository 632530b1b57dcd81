"""A request's id goes the whole way (row D4): answer, log, job, and what its worker logs."""

from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from haulage.domain.job_type import Registry, job_type
from haulage.engine.executor import Executor, Stop
from haulage.engine.runner import invoke_async
from haulage.telemetry import logs
from tests.api.conftest import AnyInput, Api, Worker

MINE = {"X-Request-ID": "from-the-shop"}


async def test_the_log_line_of_an_answer_carries_the_request_id(http: httpx.AsyncClient) -> None:
    with capture_logs(processors=[logs.add_job]) as lines:
        await http.get("/api/v1/jobs/nothing", headers=MINE)
    (answered,) = [line for line in lines if line["event"] == "http.answered"]
    assert (answered["request_id"], answered["status"]) == ("from-the-shop", 404)


async def test_one_request_does_not_log_under_the_id_of_another(http: httpx.AsyncClient) -> None:
    with capture_logs(processors=[logs.add_job]) as lines:
        for name in ("one", "two"):
            await http.post("/api/v1/jobs", json={}, headers={"X-Request-ID": name})
    assert [line["request_id"] for line in lines if line["event"] == "http.answered"] == [
        "one",
        "two",
    ]


@pytest.fixture
def seen(registry: Registry) -> list[dict[str, Any]]:
    """What log lines of the job type `look` would carry."""
    found: list[dict[str, Any]] = []

    @job_type("look", registry=registry)
    async def look(input: AnyInput, ctx: object) -> None:
        found.append(logs.add_job(None, "info", {}))

    return found


async def test_what_a_worker_logs_carries_the_id_of_the_submit(
    http: httpx.AsyncClient, api: Api, worker: Worker, seen: list[dict[str, Any]]
) -> None:
    answer = await http.post("/api/v1/jobs", json={"type": "look", "input": {}}, headers=MINE)
    lease = await worker.claim(answer.json()["id"])
    assert await Executor(api.services).run(lease, Stop(), invoke_async)
    assert seen[0]["request_id"] == "from-the-shop"
    assert seen[0]["job_id"] == answer.json()["id"]


async def test_a_job_that_no_request_made_logs_no_request_id() -> None:
    token = logs.job.set({"job_id": 1, "request_id": None})
    try:
        assert logs.add_job(None, "info", {}) == {"job_id": 1}
    finally:
        logs.job.reset(token)
