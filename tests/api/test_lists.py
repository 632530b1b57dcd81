"""Lists of jobs over HTTP: pages, filters, cursors, children."""

import base64
from uuid import UUID

import httpx
import pytest

from haulage.engine.services import Services
from tests.api.conftest import Submit, Worker, assert_problem
from tests.factories import queued


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


async def test_the_children_of_a_job_are_listed_and_name_their_parent(
    http: httpx.AsyncClient, submit: Submit, services: Services
) -> None:
    parent = (await submit())["id"]
    born = [str(await queued(services, parent_id=UUID(parent))) for _ in range(3)]
    url = f"/api/v1/jobs/{parent}/children"
    first = await http.get(url, params={"limit": 2})
    assert ids(first) == born[:0:-1]
    assert {job["parent_id"] for job in first.json()["data"]} == {parent}
    rest = await http.get(url, params={"limit": 2, "cursor": first.json()["next"]})
    assert ids(rest) == born[:1]
    assert ids(await http.get(url, params={"state": "failed"})) == []


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
        ("finished_after=2030-01-01T12:07:00Z", [1, 0]),
        ("finished_before=2030-01-01T12:07:00Z", []),
        ("started_after=2030-01-01T12:07:00Z&started_before=2030-01-01T12:07:01Z", [1, 0]),
        ("text=PAGE+said", [1]),
        ("text=page_refused&type=speak&queue=slow", [1]),
        ("text=nothing", []),
        ("parent=0190b5a4-0000-7000-8000-000000000000", []),
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
        ("text=", "text", "at least 1 character"),
        ("text=%00", "text", "NUL"),
        ("finished_after=now", "finished_after", "ISO 8601"),
        ("parent=me", "parent", "UUID"),
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
