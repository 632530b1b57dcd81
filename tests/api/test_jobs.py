import base64

import httpx
import pytest

from haulage.domain.outcome import ErrorInfo, Retry, Succeeded
from tests.api.conftest import Api, Submit, Worker, assert_problem

NOBODY = "0190b5a4-0000-7000-8000-000000000000"
JOB_ROUTES = [
    ("GET", ""), ("GET", "/result"), ("GET", "/logs"), ("GET", "/events"), ("GET", "/stream"),
    ("POST", "/cancel"), ("DELETE", ""),
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


@pytest.fixture
async def many(submit: Submit, clock, worker: Worker) -> list[dict]:
    """Seven jobs a minute apart, oldest first: speak/io, every second one on slow, some tagged."""
    jobs = []
    for number in range(7):
        jobs.append(
            await submit(
                queue="slow" if number % 2 else None,
                tags=["all", f"third{number % 3}"],
                priority="low",
            )
        )
        clock.advance(minutes=1)
    await worker.succeed(jobs[0]["id"])
    await worker.fail(jobs[1]["id"])
    return jobs


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [job["id"] for job in answer.json()["data"]]


async def test_a_list_is_newest_first_and_without_results(
    http: httpx.AsyncClient, many: list[dict]
) -> None:
    answer = await http.get("/api/v1/jobs")
    assert ids(answer) == [job["id"] for job in reversed(many)]
    assert answer.json()["next"] is None
    oldest = answer.json()["data"][-1]
    assert (oldest["result"], oldest["result_size"]) == (None, 16)


async def test_pages_join_without_gap_or_double_while_jobs_come_in(
    http: httpx.AsyncClient, many: list[dict], submit: Submit
) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        answer = await http.get("/api/v1/jobs", params=params)
        seen += ids(answer)
        cursor = answer.json()["next"]
        if cursor is None:
            break
        await submit()
    assert seen == [job["id"] for job in reversed(many)]


async def test_the_last_page_has_no_next_even_when_it_is_full(
    http: httpx.AsyncClient, many: list[dict]
) -> None:
    answer = await http.get("/api/v1/jobs", params={"limit": 7})
    assert len(ids(answer)) == 7
    assert answer.json()["next"] is None


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("state=succeeded", [0]),
        ("state=succeeded&state=failed", [1, 0]),
        ("queue=slow", [5, 3, 1]),
        ("type=keep", []),
        ("type=keep&type=speak&state=failed", [1]),
        ("tag=third0", [6, 3, 0]),
        ("tag=all&tag=third1", [4, 1]),
        ("created_after=2030-01-01T12:05:00Z", [6, 5]),
        ("created_before=2030-01-01T13:01:00%2B01:00", [0]),
        ("created_after=2030-01-01T12:02:00Z&created_before=2030-01-01T12:04:00Z", [3, 2]),
    ],
)
async def test_a_list_is_filtered(
    http: httpx.AsyncClient, many: list[dict], query: str, places: list[int]
) -> None:
    assert ids(await http.get(f"/api/v1/jobs?{query}")) == [many[place]["id"] for place in places]


@pytest.mark.parametrize(
    ("query", "parameter", "says"),
    [
        ("stat=failed", "stat", "unknown parameter. Did you mean 'state'?"),
        ("nonsense=1", "nonsense", "unknown parameter."),
        ("state=done", "state", "'scheduled'"),
        ("limit=0", "limit", "greater than or equal to 1"),
        ("limit=501", "limit", "less than or equal to 500"),
        ("limit=many", "limit", "integer"),
        ("created_after=yesterday", "created_after", "ISO 8601"),
        ("created_after=2030-01-01T00:00:00", "created_after", "timezone"),
        ("tag=a%00b", "tag", "NUL"),
        ("type=%00", "type", "NUL"),
    ],
)
async def test_a_query_that_does_not_fit_is_400_and_names_the_parameter(
    http: httpx.AsyncClient, query: str, parameter: str, says: str
) -> None:
    document = assert_problem(await http.get(f"/api/v1/jobs?{query}"), 400, "invalid_query")
    (error,) = document["errors"]
    assert error["parameter"] == parameter
    assert says in error["message"]
    assert parameter in document["detail"]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "€", "0" * 34, base64.b64encode(b"\x01" * 25)])
async def test_a_cursor_of_somebody_elses_making_is_400(
    http: httpx.AsyncClient, cursor: str
) -> None:
    answer = await http.get("/api/v1/jobs", params={"cursor": cursor})
    assert_problem(answer, 400, "invalid_cursor")


async def test_a_cursor_belongs_to_its_filters(http: httpx.AsyncClient, many: list[dict]) -> None:
    page = await http.get("/api/v1/jobs", params={"limit": 2, "queue": "slow"})
    answer = await http.get("/api/v1/jobs", params={"cursor": page.json()["next"]})
    document = assert_problem(answer, 400, "invalid_cursor")
    assert "other filters" in document["detail"]


@pytest.mark.parametrize("path", ["?includ=input", "?include=secrets", "/logs?cursor=abc",
                                  "/logs?limit=0", "/result?x=1", "/events?from=3"])  # fmt: skip
async def test_other_reads_know_their_parameters_too(
    http: httpx.AsyncClient, submit: Submit, path: str
) -> None:
    answer = await http.get(f"/api/v1/jobs/{(await submit())['id']}{path}")
    assert_problem(answer, 400, "invalid_query")
