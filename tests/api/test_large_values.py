"""50 MB of input or result: refused by default, kept beside the row where they are let in."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
import sqlalchemy as sa

from haulage.domain.outcome import Succeeded
from haulage.engine.services import Services
from haulage.settings import ApiSettings, Settings
from haulage.storage.tables import jobs
from tests.api.conftest import Worker, assert_problem, running_api

TEXT = "x" * (50 * 1024 * 1024)
BODY = json.dumps({"type": "speak", "input": {"text": TEXT}}).encode()
HEADERS = {"Content-Type": "application/json"}


@pytest.fixture(params=[ApiSettings().max_body_bytes, 60 * 1024 * 1024], ids=["default", "raised"])
async def http(
    settings: Settings, services: Services, request: pytest.FixtureRequest
) -> AsyncIterator[httpx.AsyncClient]:
    """The application with the shipped limit of bodies, and with a raised one."""
    api = settings.api.model_copy(update={"max_body_bytes": request.param})
    async with running_api(settings.model_copy(update={"api": api}), services) as running:
        transport = httpx.ASGITransport(running.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://haulage.test") as client:
            yield client


async def counted(services: Services) -> int:
    async with services.database.reading() as connection:
        return await connection.scalar(sa.select(sa.func.count()).select_from(jobs)) or 0


@pytest.mark.parametrize("http", [ApiSettings().max_body_bytes], indirect=True)
async def test_a_payload_of_50_mb_is_413_by_default_and_stores_nothing(
    http: httpx.AsyncClient, services: Services
) -> None:
    answer = await http.post("/api/v1/jobs", content=BODY, headers=HEADERS)
    assert_problem(answer, 413, "payload_too_large")
    assert await counted(services) == 0


@pytest.mark.parametrize("http", [60 * 1024 * 1024], indirect=True)
async def test_let_in_it_lies_beside_the_row_and_its_result_comes_back_whole(
    http: httpx.AsyncClient, services: Services, worker: Worker
) -> None:
    answer = await http.post("/api/v1/jobs", content=BODY, headers=HEADERS)
    assert answer.status_code == 202
    job_id = answer.json()["id"]
    async with services.database.reading() as connection:
        row = (await connection.execute(sa.select(jobs.c.input, jobs.c.input_ref))).one()
    assert row.input is None
    assert row.input_ref
    lease = await worker.claim(job_id)
    assert json.loads(await services.jobs.input_of(lease))["text"] == TEXT
    await worker.settle(lease, Succeeded(json.dumps({"said": TEXT})))
    shown = (await http.get(f"/api/v1/jobs/{job_id}")).json()
    assert (shown["state"], shown["result"]) == ("succeeded", None)
    assert shown["result_size"] > len(TEXT)
    assert (await http.get(f"/api/v1/jobs/{job_id}/result")).json() == {"said": TEXT}
