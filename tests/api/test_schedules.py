"""Schedules over HTTP."""

from typing import Any

import httpx
import pytest

from haulage.domain.job import MAX_TAGS
from tests.api.conftest import assert_problem

URL = "/api/v1/schedules"
NIGHTLY = {
    "name": "nightly",
    "type": "speak",
    "input": {"text": "good night"},
    "cron": "30 2 * * *",
    "timezone": "Europe/Rome",
    "tags": ["night"],
}


async def make(http: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await http.post(URL, json={**NIGHTLY, **fields})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{URL}/{answer.json()['id']}"
    return answer.json()  # type: ignore[no-any-return]


async def test_a_schedule_is_made_and_shows_its_next_runs_in_utc(http: httpx.AsyncClient) -> None:
    made = await make(http)
    shown = (await http.get(f"{URL}/{made['id']}")).json()
    assert shown == made
    assert shown["next_run_at"] == "2030-01-02T01:30:00Z"
    assert shown["next_runs"][:2] == ["2030-01-02T01:30:00Z", "2030-01-03T01:30:00Z"]
    # What the type's model adds is there, so that a later default changes no schedule.
    assert shown["input"] == {"text": "good night", "times": 1}
    assert shown["created_by"] == "anonymous@203.0.113.7"
    assert (shown["missed"], shown["queue"], shown["priority"]) == ("run_once", "io", "normal")


async def test_a_preview_says_when_it_would_run_in_its_time_zone(http: httpx.AsyncClient) -> None:
    tried = {"cron": "30 2 * * *", "timezone": "Europe/Rome"}
    answer = await http.get(f"{URL}/preview", params=tried)
    assert answer.json() == {"next_runs": (await make(http))["next_runs"]}
    assert len(answer.json()["next_runs"]) == 5


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"cron": "61 2 * * *"}, "cron"),
        ({"cron": "0 0 30 2 *"}, "cron"),
        ({"cron": "* * * * *", "timezone": "Europe/Atlantis"}, "timezone"),
        ({"timezone": "UTC"}, "cron"),
        ({"cron": "* * * * *", "every": "hour"}, "every"),
    ],
)
async def test_a_preview_names_what_does_not_fit(
    http: httpx.AsyncClient, query: dict[str, str], parameter: str
) -> None:
    answer = await http.get(f"{URL}/preview", params=query)
    assert_problem(answer, 400, "invalid_query")
    assert [one["parameter"] for one in answer.json()["errors"]] == [parameter]


async def test_schedules_are_listed_by_name(http: httpx.AsyncClient) -> None:
    await make(http, name="b")
    await make(http, name="a")
    page = (await http.get(URL)).json()
    assert [one["name"] for one in page["data"]] == ["a", "b"]


async def test_a_name_that_is_taken_is_409(http: httpx.AsyncClient) -> None:
    await make(http)
    assert_problem(await http.post(URL, json=NIGHTLY), 409, "schedule_exists")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"cron": "30 2 * *"}, "/cron"),
        ({"cron": "61 2 * * *"}, "/cron"),
        ({"cron": "0 0 30 2 *"}, "/cron"),
        ({"timezone": "Europe/Atlantis"}, "/timezone"),
        ({"timezone": "../../etc/passwd"}, "/timezone"),
        ({"input": {"txt": "x"}}, "/input/text"),
        ({"missed": "sometimes"}, "/missed"),
        ({"queue": "cpu"}, "/queue"),
        ({"name": ""}, "/name"),
        ({"tags": ["x"] * (MAX_TAGS - 1)}, "/tags"),
        ({"every": "hour"}, "/every"),
    ],
)
async def test_what_does_not_fit_is_422_and_named(
    http: httpx.AsyncClient, change: dict[str, Any], pointer: str
) -> None:
    answer = await http.post(URL, json={**NIGHTLY, **change})
    assert answer.status_code == 422, answer.text
    assert pointer in [fault["pointer"] for fault in answer.json()["errors"]]
    assert (await http.get(URL)).json()["data"] == []


async def test_a_paused_schedule_has_no_next_runs_until_it_is_resumed(
    http: httpx.AsyncClient,
) -> None:
    path = f"{URL}/{(await make(http))['id']}"
    paused = (await http.post(f"{path}/pause")).json()
    assert (paused["paused_at"], paused["paused_by"]) == (
        "2030-01-01T12:00:00Z",
        "anonymous@203.0.113.7",
    )
    assert paused["next_runs"] == []
    resumed = (await http.post(f"{path}/resume")).json()
    assert (resumed["paused_at"], resumed["paused_by"]) == (None, None)
    assert resumed["next_runs"][0] == "2030-01-02T01:30:00Z"


async def test_run_now_submits_one_job_and_moves_nothing(http: httpx.AsyncClient) -> None:
    made = await make(http, priority="high")
    answer = await http.post(f"{URL}/{made['id']}/run")
    assert answer.status_code == 202
    job = answer.json()
    assert (job["type"], job["priority"]) == ("speak", "high")
    assert job["tags"] == ["night", "schedule:nightly"]
    assert (await http.get(f"{URL}/{made['id']}")).json() == made


async def test_a_deleted_schedule_is_gone(http: httpx.AsyncClient) -> None:
    path = f"{URL}/{(await make(http))['id']}"
    assert (await http.delete(path)).status_code == 204
    assert_problem(await http.get(path), 404, "not_found")
    assert_problem(await http.delete(path), 404, "not_found")


@pytest.mark.parametrize("name", ["nonsense", "01a20e43-85bb-7079-a16c-aa5e9b76645d"])
async def test_an_unknown_schedule_is_404(http: httpx.AsyncClient, name: str) -> None:
    for act in ("pause", "resume", "run"):
        assert_problem(await http.post(f"{URL}/{name}/{act}"), 404, "not_found")
    assert_problem(await http.get(f"{URL}/{name}"), 404, "not_found")
