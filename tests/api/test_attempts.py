"""A job's attempts over HTTP."""

import httpx

from haulage.domain.outcome import ErrorInfo, Failed
from tests.api.conftest import Worker, assert_problem


async def test_attempts_show_how_each_ended(http: httpx.AsyncClient, worker: Worker) -> None:
    body = {"type": "speak", "input": {"text": "hi"}}
    job = (await http.post("/api/v1/jobs", json=body)).json()
    address = f"/api/v1/jobs/{job['id']}/attempts"
    assert (await http.get(address)).json() == {"data": []}
    lease = await worker.claim(job["id"])
    [running] = (await http.get(address)).json()["data"]
    assert (running["outcome"], running["worker_id"]) == ("running", str(worker.id))
    await worker.settle(lease, Failed(ErrorInfo("odd", "It broke.", retryable=False)))
    [failed] = (await http.get(address)).json()["data"]
    assert (failed["number"], failed["run"], failed["outcome"]) == (1, 1, "failed")
    assert failed["error"]["code"] == "odd"


async def test_attempts_of_a_job_that_is_not_there(http: httpx.AsyncClient) -> None:
    assert_problem(await http.get("/api/v1/jobs/nothing/attempts"), 404, "not_found")
