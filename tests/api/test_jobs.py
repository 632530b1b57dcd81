import httpx
import pytest

from haulage.domain.outcome import ErrorInfo, Retry, Succeeded
from haulage.storage.sealing import Sealer
from tests.api.conftest import Api, Submit, Worker, assert_problem

NOBODY = "0190b5a4-0000-7000-8000-000000000000"
JOB_ROUTES = [
    ("GET", ""), ("GET", "/result"), ("GET", "/logs"), ("GET", "/events"), ("GET", "/stream"),
    ("POST", "/cancel"), ("DELETE", ""), ("GET", "/children"), ("GET", "/steps"),
]  # fmt: skip


@pytest.mark.parametrize("job_id", [NOBODY, "17", "not-an-id", "%00", "%F0%9F%92%A9"])
@pytest.mark.parametrize(("method", "path"), JOB_ROUTES)
async def test_an_unknown_job_is_404(
    http: httpx.AsyncClient, method: str, path: str, job_id: str
) -> None:
    answer = await http.request(method, f"/api/v1/jobs/{job_id}{path}")
    assert_problem(answer, 404, "not_found")


async def test_the_input_comes_along_only_when_asked_for(
    http: httpx.AsyncClient, submit: Submit
) -> None:
    url = f"/api/v1/jobs/{(await submit('bonjour'))['id']}"
    assert "input" not in (await http.get(url)).json()
    asked = await http.get(url, params={"include": "input"})
    assert asked.json()["input"] == {"text": "bonjour", "times": 1}


async def test_a_finished_job_has_its_result_in_place(
    http: httpx.AsyncClient, submit: Submit, worker: Worker, clock
) -> None:
    job = await submit()
    lease = await worker.claim(job["id"])
    clock.advance(seconds=2.5)
    await worker.settle(lease, Succeeded('{"said":"\\ud800 é","n":1.0}'))
    shown = (await http.get(f"/api/v1/jobs/{job['id']}")).json()
    assert shown["state"] == "succeeded"
    assert shown["result"] == {"said": "\ud800 é", "n": 1.0}
    assert shown["duration_s"] == 2.5
    assert shown["attempt"] == 1
    assert shown["finished_at"] == "2030-01-01T12:00:02.500000Z"


async def test_what_is_sealed_by_a_key_of_other_servers_is_503_and_says_which(
    http: httpx.AsyncClient, api: Api, submit: Submit
) -> None:
    database, blobs = api.services.database, api.services.blobs
    database.sealer = blobs.sealer = Sealer(["x" * 43])
    url = f"/api/v1/jobs/{(await submit())['id']}?include=input"
    database.sealer = blobs.sealer = Sealer(["y" * 43])
    problem = assert_problem(await http.get(url), 503, "payload_key_missing")
    assert "HAULAGE_PAYLOAD_KEYS" in problem["detail"]
    database.sealer = blobs.sealer = Sealer(["x" * 43])
    assert (await http.get(url)).json()["input"]["text"] == "hello"


async def test_a_large_result_lies_under_result(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    job = await submit()
    text = '{"said":"' + "x" * 300_000 + '"}'
    await worker.succeed(job["id"], text)
    shown = (await http.get(f"/api/v1/jobs/{job['id']}")).json()
    assert shown["result"] is None
    assert shown["result_size"] == len(text)
    answer = await http.get(f"/api/v1/jobs/{job['id']}/result")
    assert answer.headers["content-type"] == "application/json"
    assert answer.text == text


async def test_a_failed_job_shows_its_error_without_the_trace(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    job = await submit()
    await worker.fail(job["id"])
    shown = (await http.get(f"/api/v1/jobs/{job['id']}")).json()
    expected = {"code": "page_refused", "message": "The page said no.", "retryable": False}
    assert shown["error"] == expected
    document = assert_problem(await http.get(f"/api/v1/jobs/{job['id']}/result"), 409, "job_failed")
    assert document["error"] == expected


async def test_there_is_no_result_before_the_end(http: httpx.AsyncClient, submit: Submit) -> None:
    job = await submit()
    answer = await http.get(f"/api/v1/jobs/{job['id']}/result")
    assert assert_problem(answer, 409, "not_finished")["state"] == "queued"


async def test_a_job_that_waits_for_a_retry_shows_its_last_error(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    job = await submit()
    await worker.settle(
        await worker.claim(job["id"]), Retry(30, ErrorInfo("busy", "Later.", retryable=True))
    )
    shown = (await http.get(f"/api/v1/jobs/{job['id']}")).json()
    assert (shown["state"], shown["reason"]) == ("scheduled", "retry")
    assert shown["error"] == {"code": "busy", "message": "Later.", "retryable": True}
    assert shown["scheduled_at"] == "2030-01-01T12:00:30Z"


@pytest.mark.parametrize("way", ["post", "delete"])
async def test_a_waiting_job_is_cancelled_at_once(
    http: httpx.AsyncClient, submit: Submit, way: str
) -> None:
    url = f"/api/v1/jobs/{(await submit())['id']}"
    answer = await (http.delete(url) if way == "delete" else http.post(f"{url}/cancel"))
    assert answer.status_code == 202
    job = answer.json()
    assert job["state"] == "cancelled"
    assert job["cancelled_by"] == "anonymous@203.0.113.7"
    assert job["cancelled_at"] == "2030-01-01T12:00:00Z"


async def test_a_running_job_is_asked_to_stop(
    http: httpx.AsyncClient, submit: Submit, worker: Worker, api: Api
) -> None:
    job = await submit()
    lease = await worker.claim(job["id"])
    answer = await http.post(f"/api/v1/jobs/{job['id']}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (202, "running")
    beat = await api.services.workers.beat(worker.id, in_flight=1, rss_bytes=None)
    assert [order.job_id for order in beat.orders] == [lease.job_id]


async def test_cancelling_again_is_200_and_changes_nothing(
    http: httpx.AsyncClient, submit: Submit
) -> None:
    url = f"/api/v1/jobs/{(await submit())['id']}/cancel"
    first = await http.post(url)
    second = await http.post(url)
    assert second.status_code == 200
    assert second.json() == first.json()


async def test_a_job_that_is_over_cannot_be_cancelled(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    job = await submit()
    await worker.succeed(job["id"])
    answer = await http.delete(f"/api/v1/jobs/{job['id']}")
    assert assert_problem(answer, 409, "job_finished")["state"] == "succeeded"


async def test_log_lines_come_page_by_page(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    job = await submit()
    lease = await worker.claim(job["id"])
    await worker.log(lease, "one", "two", page=3)
    await worker.progress(lease, 50)
    await worker.log(lease, "three")
    url = f"/api/v1/jobs/{job['id']}/logs"
    first = (await http.get(url, params={"limit": 2})).json()
    assert first["data"][0] == {
        "seq": 3, "at": "2030-01-01T12:00:00Z", "message": "one", "fields": {"page": 3},
    }  # fmt: skip
    assert [line["message"] for line in first["data"]] == ["one", "two"]
    for parameter in ("cursor", "after"):
        rest = (await http.get(url, params={parameter: first["next"]})).json()
        assert [line["message"] for line in rest["data"]] == ["three"]
        assert rest["next"] is None


@pytest.mark.parametrize("path", ["?includ=input", "?include=secrets", "/logs?cursor=abc",
                                  "/logs?limit=0", "/result?x=1", "/events?from=3"])  # fmt: skip
async def test_other_reads_know_their_parameters_too(
    http: httpx.AsyncClient, submit: Submit, path: str
) -> None:
    answer = await http.get(f"/api/v1/jobs/{(await submit())['id']}{path}")
    assert_problem(answer, 400, "invalid_query")
