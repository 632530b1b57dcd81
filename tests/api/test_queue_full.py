"""A queue that has its fill of waiting jobs."""

import httpx

from haulage.engine.services import Services
from haulage.settings import Settings
from tests.api.conftest import assert_problem, running_api


async def test_a_full_queue_answers_429_and_when_to_come_again(
    settings: Settings, services: Services
) -> None:
    engine = settings.engine.model_copy(update={"queue_depth": 2})
    async with running_api(settings.model_copy(update={"engine": engine}), services) as api:
        transport = httpx.ASGITransport(api.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://haulage.test") as http:
            body = {"type": "speak", "input": {"text": "hi"}}
            await http.post("/api/v1/jobs", json=body)
            batch = await http.post("/api/v1/jobs/batch", json={"jobs": [body, body]})
            assert_problem(batch, 429, "queue_full")
            assert int(batch.headers["retry-after"]) == batch.json()["retry_after_s"] == 5
            assert (await http.post("/api/v1/jobs", json=body)).status_code == 202
            assert_problem(await http.post("/api/v1/jobs", json=body), 429, "queue_full")
            assert len((await http.get("/api/v1/jobs")).json()["data"]) == 2
