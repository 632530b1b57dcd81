"""Dead letters over HTTP: listed, grouped by cause, redriven, discarded; and retry."""

import httpx
import pytest

from haulage.domain.outcome import ErrorInfo, Failed
from haulage.engine.services import Services
from tests.api.conftest import Submit, Worker, assert_problem
from tests.factories import history

DEAD = "/api/v1/dead-letters"


async def failed(submit: Submit, worker: Worker, message: str = "no", **options: object) -> str:
    job_id: str = (await submit(**options))["id"]
    error = ErrorInfo("odd", message, retryable=False, trace="File x.py")
    await worker.settle(await worker.claim(job_id), Failed(error))
    return job_id


async def ids(http: httpx.AsyncClient, **params: object) -> list[str]:
    answer = await http.get(DEAD, params=params)
    assert answer.status_code == 200, answer.text
    return [job["id"] for job in answer.json()["data"]]


async def test_dead_letters_are_what_failed_and_was_not_put_aside(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    first, second, aside = [await failed(submit, worker) for _ in range(3)]
    await submit()
    await worker.succeed((await submit())["id"])
    assert (await http.post(f"{DEAD}/{aside}/discard")).status_code == 200
    assert await ids(http) == [second, first]


async def test_dead_letters_are_filtered_and_come_in_pages(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    tagged = await failed(submit, worker, tags=["nightly"], queue="slow")
    page = "page 3 is empty"
    others = [await failed(submit, worker, page) for _ in range(3)]
    assert await ids(http, tag="nightly") == [tagged]
    assert await ids(http, queue="slow", type="speak") == [tagged]
    assert await ids(http, type="keep") == []
    mark = (await http.get(f"/api/v1/jobs/{others[0]}")).json()["fingerprint"]
    assert await ids(http, fingerprint=mark) == others[::-1]
    begun = (await http.get(DEAD, params={"limit": 3})).json()
    rest = (await http.get(DEAD, params={"limit": 3, "cursor": begun["next"]})).json()
    assert [job["id"] for job in begun["data"] + rest["data"]] == [*others[::-1], tagged]
    assert rest["next"] is None


async def test_a_group_is_one_cause_and_the_newest_comes_first(
    http: httpx.AsyncClient, submit: Submit, worker: Worker, clock
) -> None:
    await failed(submit, worker, "page 3 of 'a.pdf' is empty")
    clock.advance(seconds=5)
    newest = await failed(submit, worker, "page 17 of 'b.pdf' is empty")
    clock.advance(seconds=5)
    other = await failed(submit, worker, "the disk is full")
    found = (await http.get(f"{DEAD}/groups")).json()["data"]
    assert [(one["count"], one["sample_job_id"]) for one in found] == [(1, other), (2, newest)]
    assert found[1] == {
        "fingerprint": found[1]["fingerprint"],
        "type": "speak",
        "code": "odd",
        "message": "page 17 of 'b.pdf' is empty",
        "count": 2,
        "first_at": "2030-01-01T12:00:00Z",
        "last_at": "2030-01-01T12:00:05Z",
        "sample_job_id": newest,
    }


async def test_groups_come_in_pages_without_a_gap_and_only_of_their_filters(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    words = ["alpha", "beta", "gamma", "delta", "omega"]
    for word in words:
        # All in the same moment: the fingerprint is what tells them apart.
        await failed(submit, worker, word)
    await failed(submit, worker, "elsewhere", tags=["odd"])
    seen: list[str] = []
    params: dict[str, object] = {"limit": 2}
    while True:
        page = (await http.get(f"{DEAD}/groups", params=params)).json()
        seen += [one["message"] for one in page["data"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert sorted(seen) == sorted([*words, "elsewhere"])
    other = await http.get(f"{DEAD}/groups", params={**params, "tag": "odd"})
    assert_problem(other, 400, "invalid_cursor")
    only = (await http.get(f"{DEAD}/groups", params={"tag": "odd"})).json()
    assert [one["message"] for one in only["data"]] == ["elsewhere"]


async def test_a_job_cursor_is_no_cursor_of_groups(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    for _ in range(2):
        await failed(submit, worker)
    cursor = (await http.get(DEAD, params={"limit": 1})).json()["next"]
    answer = await http.get(f"{DEAD}/groups", params={"cursor": cursor})
    assert_problem(answer, 400, "invalid_cursor")


async def test_a_message_that_postgresql_would_not_read_has_a_group(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    await failed(submit, worker, "half \ud800 and \x00 nothing")
    (group,) = (await http.get(f"{DEAD}/groups")).json()["data"]
    assert group["message"] == "half \ud800 and \x00 nothing"


async def test_a_redriven_dead_letter_is_queued_again_and_says_by_whom(
    http: httpx.AsyncClient, submit: Submit, worker: Worker, services: Services
) -> None:
    job_id = await failed(submit, worker)
    answer = await http.post(f"{DEAD}/{job_id}/redrive")
    assert answer.status_code == 202
    shown = answer.json()
    assert (shown["state"], shown["run"], shown["attempt"]) == ("queued", 2, 0)
    assert (shown["error"], shown["fingerprint"]) == (None, None)
    assert (await history(services, (await worker.claim(job_id)).job_id))[-2]["by"].startswith(
        "anonymous@"
    )


@pytest.mark.parametrize("path", ["/jobs/{}/retry", "/dead-letters/{}/redrive"])
async def test_what_is_alive_or_succeeded_is_not_run_again(
    http: httpx.AsyncClient, submit: Submit, worker: Worker, path: str
) -> None:
    job_id = (await submit())["id"]
    url = "/api/v1" + path.format(job_id)
    document = assert_problem(await http.post(url), 409, "job_queued")
    assert document["state"] == "queued"
    assert "is queued" in document["detail"]
    await worker.succeed(job_id)
    assert "has succeeded" in assert_problem(await http.post(url), 409, "job_succeeded")["detail"]


async def test_a_cancelled_job_is_retried_though_it_is_no_dead_letter(
    http: httpx.AsyncClient, submit: Submit
) -> None:
    job_id = (await submit())["id"]
    await http.post(f"/api/v1/jobs/{job_id}/cancel")
    refused = assert_problem(await http.post(f"{DEAD}/{job_id}/redrive"), 409, "job_cancelled")
    assert f"/jobs/{job_id}/retry" in refused["detail"]
    assert (await http.post(f"{DEAD}/{job_id}/discard")).status_code == 409
    answer = await http.post(f"/api/v1/jobs/{job_id}/retry")
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")


async def test_discarding_twice_is_the_same_as_once_and_a_retry_undoes_it(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    job_id = await failed(submit, worker)
    once = (await http.post(f"{DEAD}/{job_id}/discard")).json()
    assert (once["state"], once["discarded_at"]) == ("failed", "2030-01-01T12:00:00Z")
    assert (await http.post(f"{DEAD}/{job_id}/discard")).json() == once
    again = (await http.post(f"/api/v1/jobs/{job_id}/retry")).json()
    assert (again["state"], again["discarded_at"]) == ("queued", None)


@pytest.mark.parametrize("path", ["/dead-letters/{}/redrive", "/dead-letters/{}/discard"])
@pytest.mark.parametrize("job_id", ["0190b5a4-0000-7000-8000-000000000000", "groups"])
async def test_an_unknown_dead_letter_is_404(
    http: httpx.AsyncClient, path: str, job_id: str
) -> None:
    assert_problem(await http.post("/api/v1" + path.format(job_id)), 404, "not_found")


@pytest.mark.parametrize("query", ["state=failed", "limit=0", "typ=speak", "tag=%00"])
@pytest.mark.parametrize("path", [DEAD, f"{DEAD}/groups"])
async def test_a_filter_that_does_not_fit_is_named(
    http: httpx.AsyncClient, path: str, query: str
) -> None:
    document = assert_problem(await http.get(f"{path}?{query}"), 400, "invalid_query")
    assert document["errors"][0]["parameter"] == query.partition("=")[0]
