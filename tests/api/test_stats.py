"""Statistics over HTTP."""

import httpx
import pytest

from haulage.domain.outcome import ErrorInfo, Failed, Succeeded
from haulage.engine.services import Services
from haulage.storage.stat_store import StatStore
from tests.api.conftest import Submit, Worker, assert_problem

URL = "/api/v1/stats"


async def folded(http: httpx.AsyncClient, services: Services, query: str = "") -> dict:
    await StatStore(services.database).fold(limit=1_000)
    answer = await http.get(f"{URL}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def test_an_hour_is_told_by_the_minute(
    http: httpx.AsyncClient, submit: Submit, worker: Worker, services: Services, clock
) -> None:
    first, second = (await submit())["id"], (await submit())["id"]
    clock.advance(seconds=90)
    leases = [await worker.claim(job_id) for job_id in (first, second)]
    clock.advance(seconds=2)
    await worker.settle(leases[0], Succeeded('{"said":"x"}'))
    await worker.settle(leases[1], Failed(ErrorInfo("page_refused", "No.", retryable=False)))
    found = await folded(http, services)
    assert found["step_s"] == 60
    assert (found["from"], found["to"]) == ("2030-01-01T11:01:00Z", "2030-01-01T12:02:00Z")
    points = {point["at"]: point for point in found["data"]}
    assert len(points) == 61
    assert points["2030-01-01T12:00:00Z"]["submitted"] == 2
    ended = points["2030-01-01T12:01:00Z"]
    assert (ended["started"], ended["succeeded"], ended["failed"]) == (2, 1, 1)
    assert points["2030-01-01T11:30:00Z"]["latency"] is None
    total = found["total"]
    assert total["failures"] == {"page_refused": 1}
    assert total["latency"]["count"] == 2
    assert total["latency"]["p50_s"] == pytest.approx(90, rel=0.05)
    assert total["duration"]["p99_s"] == pytest.approx(2, rel=0.05)


async def test_what_waits_now_is_told_by_queue(
    http: httpx.AsyncClient, submit: Submit, services: Services, clock
) -> None:
    await submit()
    await submit(queue="slow")
    clock.advance(seconds=5)
    both = (await folded(http, services))["now"]["queues"]
    assert [(one["queue"], one["waiting"], one["oldest_waiting_s"]) for one in both] == [
        ("io", 1, 5.0),
        ("slow", 1, 5.0),
    ]
    (one,) = (await folded(http, services, "queue=slow"))["now"]["queues"]
    assert one["queue"] == "slow"


@pytest.mark.parametrize(
    ("query", "submitted"),
    [("type=speak", 2), ("queue=slow", 1), ("type=keep", 0), ("type=speak&queue=slow", 1)],
)
async def test_they_are_told_of_a_type_or_a_queue(
    http: httpx.AsyncClient, submit: Submit, services: Services, query: str, submitted: int
) -> None:
    await submit()
    await submit(queue="slow")
    assert (await folded(http, services, query))["total"]["submitted"] == submitted


@pytest.mark.parametrize(
    ("query", "step_s", "points"),
    [
        ("from=2029-12-31T12:00:00Z", 300, 289),
        ("from=2029-12-25T12:00:00Z", 3600, 169),
        ("from=2029-01-01T12:00:00Z&to=2029-12-31T12:00:00Z", 86400, 365),
        ("from=2029-12-31T12:00:00Z&step=1m", 60, 1441),
        ("from=2030-01-01T10:30:10Z&step=1h", 3600, 3),
        ("from=2029-11-01T00:00:00Z&to=2029-11-02T00:00:00Z", 3600, 24),
    ],
)
async def test_the_step_is_chosen_by_the_span_and_its_age(
    http: httpx.AsyncClient, services: Services, query: str, step_s: int, points: int
) -> None:
    found = await folded(http, services, query)
    assert (found["step_s"], len(found["data"])) == (step_s, points)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("from=2030-01-02T00:00:00Z", "from"),
        ("from=2029-12-01T00:00:00Z&step=1m", "step"),
        ("from=2000-01-01T00:00:00Z", "from"),
        ("from=0001-01-01T00:00:00Z", "from"),
        ("to=0001-01-01T00:00:00Z", "from"),
        ("to=9999-12-31T23:59:59Z&from=9999-12-31T23:00:00Z&step=1d", "from"),
        ("step=2m", "step"),
        ("since=2029-12-01T00:00:00Z", "since"),
        ("type=%00", "type"),
    ],
)
async def test_a_query_that_does_not_fit_is_400_and_names_the_parameter(
    http: httpx.AsyncClient, query: str, parameter: str
) -> None:
    document = assert_problem(await http.get(f"{URL}?{query}"), 400, "invalid_query")
    assert [one["parameter"] for one in document["errors"]] == [parameter]
