"""Bulk operations over HTTP: previewed, begun, watched, aborted; and what is refused."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from haulage.api import bulk_models
from haulage.api.routes.lists import JobQuery
from haulage.domain.outcome import ErrorInfo, Failed
from haulage.engine.services import Services
from tests.api.conftest import Submit, Worker, assert_problem
from tests.conftest import TestClock
from tests.support.bulk_desk import Desk

BULK = "/api/v1/bulk"
SPOKEN = {"type": ["speak"]}


@pytest.fixture
def desk(services: Services, clock: TestClock) -> Desk:
    return Desk(services, clock)


async def begun(http: httpx.AsyncClient, action: str = "cancel", **more: Any) -> dict[str, Any]:
    body = {"action": action, "filter": SPOKEN, **more}
    answer = await http.post(BULK, json=body)
    assert answer.status_code == 202, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def test_a_preview_counts_shows_the_first_and_changes_nothing(
    http: httpx.AsyncClient, submit: Submit, clock: TestClock
) -> None:
    ids = [(await submit(tags=["nightly"]))["id"] for _ in range(12)]
    await submit()
    clock.advance(seconds=1)
    body = {"action": "cancel", "filter": {"tag": "nightly"}}
    shown = (await http.post(f"{BULK}/preview", json=body)).json()
    assert shown["count"] == 12
    assert [job["id"] for job in shown["sample"]] == ids[:10]
    assert (shown["action"], shown["filter"]) == ("cancel", {"tag": ["nightly"]})
    assert shown["frozen_at"] == "2030-01-01T12:00:01Z"
    assert (await http.get(f"/api/v1/jobs/{ids[0]}")).json()["state"] == "queued"
    assert set(shown) == set(bulk_models.PreviewDocument.model_fields)


async def test_an_operation_is_accepted_carried_out_and_shown(
    http: httpx.AsyncClient, submit: Submit, clock: TestClock, desk: Desk
) -> None:
    job_ids = [(await submit())["id"] for _ in range(3)]
    clock.advance(seconds=1)
    said = await begun(http, reason="submitted twice")
    url = f"{BULK}/{said['id']}"
    assert said == {
        "id": said["id"],
        "action": "cancel",
        "filter": SPOKEN,
        "frozen_at": "2030-01-01T12:00:01Z",
        "by": "anonymous@203.0.113.7",
        "reason": "submitted twice",
        "state": "queued",
        "progress": {"done": 0, "changed": 0, "skipped": 0, "failed": 0, "total": None},
        "created_at": "2030-01-01T12:00:01Z",
        "finished_at": None,
    }
    assert (await http.get(url)).json() == said
    await desk.run(UUID(said["id"]))
    done = (await http.get(url)).json()
    assert (done["state"], done["finished_at"]) == ("succeeded", "2030-01-01T12:00:01Z")
    assert done["progress"] == {"done": 3, "changed": 3, "skipped": 0, "failed": 0, "total": 3}
    job = (await http.get(f"/api/v1/jobs/{job_ids[0]}")).json()
    assert (job["state"], job["cancelled_by"]) == ("cancelled", "anonymous@203.0.113.7")


async def test_a_previews_moment_leaves_out_what_came_after_it(
    http: httpx.AsyncClient, submit: Submit, clock: TestClock, desk: Desk
) -> None:
    before = (await submit())["id"]
    clock.advance(seconds=1)
    body = {"action": "cancel", "filter": SPOKEN}
    frozen_at = (await http.post(f"{BULK}/preview", json=body)).json()["frozen_at"]
    after = (await submit())["id"]
    clock.advance(seconds=1)
    await desk.run(UUID((await begun(http, frozen_at=frozen_at))["id"]))
    shown = [(await http.get(f"/api/v1/jobs/{one}")).json()["state"] for one in (before, after)]
    assert shown == ["cancelled", "queued"]


async def test_one_group_of_dead_letters_is_redriven(
    http: httpx.AsyncClient, submit: Submit, worker: Worker, clock: TestClock, desk: Desk
) -> None:
    for message in ("page 1 is empty", "page 2 is empty", "the disk is full"):
        lease = await worker.claim((await submit())["id"])
        await worker.settle(lease, Failed(ErrorInfo("odd", message, retryable=False)))
    clock.advance(seconds=1)
    groups = (await http.get("/api/v1/dead-letters/groups")).json()["data"]
    (mark,) = [one["fingerprint"] for one in groups if one["count"] == 2]
    said = await begun(http, "redrive", filter={"fingerprint": mark})
    assert (await desk.run(UUID(said["id"])))["changed"] == 2
    left = (await http.get("/api/v1/dead-letters")).json()["data"]
    assert [job["error"]["message"] for job in left] == ["the disk is full"]


async def test_an_operation_is_a_job_among_jobs(
    http: httpx.AsyncClient, submit: Submit, clock: TestClock
) -> None:
    said = await begun(http)
    job = (await http.get(f"/api/v1/jobs/{said['id']}")).json()
    assert (job["type"], job["queue"]) == ("haulage.bulk", "haulage")
    listed = (await http.get("/api/v1/jobs", params={"type": "haulage.bulk"})).json()
    assert [one["id"] for one in listed["data"]] == [said["id"]]


async def test_operations_are_listed_in_pages_newest_first(http: httpx.AsyncClient) -> None:
    ids = [(await begun(http))["id"] for _ in range(3)]
    page = (await http.get(BULK, params={"limit": 2})).json()
    rest = (await http.get(BULK, params={"limit": 2, "cursor": page["next"]})).json()
    assert [one["id"] for one in page["data"] + rest["data"]] == ids[::-1]
    assert rest["next"] is None


async def test_an_aborted_operation_changes_nothing_more(
    http: httpx.AsyncClient, submit: Submit, clock: TestClock, desk: Desk
) -> None:
    await submit()
    clock.advance(seconds=1)
    url = f"{BULK}/{(await begun(http))['id']}"
    answer = await http.post(f"{url}/abort")
    assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")
    assert (await http.post(f"{url}/abort")).status_code == 200
    finished = (await begun(http))["id"]
    await desk.run(UUID(finished))
    document = assert_problem(await http.post(f"{BULK}/{finished}/abort"), 409, "job_finished")
    assert document["state"] == "succeeded"


async def test_the_same_key_finds_the_same_operation(
    http: httpx.AsyncClient, clock: TestClock
) -> None:
    headers = {"Idempotency-Key": "nightly-cleaning"}
    body = {"action": "cancel", "filter": SPOKEN}
    first = await http.post(BULK, json=body, headers=headers)
    clock.advance(seconds=5)
    second = await http.post(BULK, json=body, headers=headers)
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["location"] == f"{BULK}/{first.json()['id']}"
    other = await http.post(BULK, json={**body, "action": "retry"}, headers=headers)
    assert_problem(other, 422, "idempotency_mismatch")


WRONG = [
    ({"filter": SPOKEN}, "/action"),
    ({"action": "delete", "filter": SPOKEN}, "/action"),
    ({"action": "cancel"}, "/filter"),
    ({"action": "cancel", "filter": {}}, "/filter"),
    ({"action": "cancel", "filter": {"state": []}}, "/filter"),
    ({"action": "cancel", "filter": {"all": True, "type": "speak"}}, "/filter"),
    ({"action": "cancel", "filter": {"all": "yes"}}, "/filter/all"),
    ({"action": "cancel", "filter": {"typ": "speak"}}, "/filter/typ"),
    ({"action": "cancel", "filter": {"limit": 5}}, "/filter/limit"),
    ({"action": "cancel", "filter": {"state": "lost"}}, "/filter/state"),
    ({"action": "cancel", "filter": {"state": ["queued", "failed"]}}, "/filter/state"),
    ({"action": "redrive", "filter": {"state": "cancelled"}}, "/filter/state"),
    ({"action": "cancel", "filter": {"tag": [7]}}, "/filter/tag/0"),
    ({"action": "cancel", "filter": {"type": "a\x00"}}, "/filter/type"),
    ({"action": "cancel", "filter": {"created_after": "monday"}}, "/filter/created_after"),
]


@pytest.mark.parametrize(("body", "pointer"), WRONG)
@pytest.mark.parametrize("path", [BULK, f"{BULK}/preview"])
async def test_a_filter_that_does_not_fit_is_refused_and_its_field_named(
    http: httpx.AsyncClient, path: str, body: dict[str, Any], pointer: str
) -> None:
    document = assert_problem(await http.post(path, json=body), 422, "invalid_input")
    assert [one["pointer"] for one in document["errors"]] == [pointer]
    assert (await http.get(BULK)).json()["data"] == []


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"frozen_at": "2030-01-01T12:00:01Z"}, "/frozen_at"),
        ({"frozen_at": "2030-01-01"}, "/frozen_at"),
        ({"reason": "x" * 501}, "/reason"),
        ({"reason": "\x00"}, "/reason"),
        ({"why": "x"}, "/why"),
    ],
)
async def test_what_else_does_not_fit_is_named(
    http: httpx.AsyncClient, more: dict[str, Any], pointer: str
) -> None:
    answer = await http.post(BULK, json={"action": "cancel", "filter": SPOKEN, **more})
    document = assert_problem(answer, 422, "invalid_input")
    assert [one["pointer"] for one in document["errors"]] == [pointer]


async def test_everything_is_meant_only_when_it_is_said(http: httpx.AsyncClient) -> None:
    said = await begun(http, filter={"all": True})
    assert said["filter"] == {"all": True}


def test_a_bulk_filter_takes_what_lists_take() -> None:
    listed = set(JobQuery.model_fields) - {"limit", "cursor"}
    assert listed <= set(bulk_models.BulkFilter.model_fields)


@pytest.mark.parametrize("path", ["", "/abort"])
async def test_another_job_is_no_bulk_operation(
    http: httpx.AsyncClient, submit: Submit, path: str
) -> None:
    for job_id in ((await submit())["id"], "17"):
        url = f"{BULK}/{job_id}{path}"
        answer = await (http.post(url) if path else http.get(url))
        assert_problem(answer, 404, "not_found")


async def test_nobody_submits_one_as_a_job_or_takes_its_queue(http: httpx.AsyncClient) -> None:
    body = {"type": "haulage.bulk", "input": {"action": "cancel"}}
    assert_problem(await http.post("/api/v1/jobs", json=body), 404, "unknown_job_type")
    assert_problem(await http.get("/api/v1/types/haulage.bulk"), 404, "unknown_job_type")
    body = {"type": "speak", "input": {"text": "x"}, "queue": "haulage"}
    document = assert_problem(await http.post("/api/v1/jobs", json=body), 422, "unknown_queue")
    assert "haulage," not in document["detail"]
