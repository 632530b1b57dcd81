"""A bulk operation on real processes, whose worker is killed in the middle."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from live_system import System, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("system")]

JOBS = 5_000


@pytest.fixture
def http(system: System) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=system.ready["url"], timeout=30) as client:
        yield client


def test_a_killed_workers_operation_is_finished_by_the_next_and_each_job_changed_once(
    system: System, http: httpx.Client
) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    job = {"type": "echo", "input": {"value": 1}, "run_at": later, "tags": ["bulk"]}
    for _ in range(JOBS // 1_000):
        http.post("/api/v1/jobs/batch", json={"jobs": [job] * 1_000}).raise_for_status()
    body = {"action": "cancel", "filter": {"tag": "bulk"}, "reason": "not needed"}
    url = "/api/v1/bulk/" + http.post("/api/v1/bulk", json=body).raise_for_status().json()["id"]

    def shown() -> Any:
        return http.get(url).raise_for_status().json()

    until(lambda: shown()["progress"]["done"] > 0)
    for pid in system.pids("worker-io"):
        os.kill(pid, signal.SIGKILL)
    assert shown()["progress"]["done"] < JOBS
    until(lambda: shown()["state"] == "succeeded", within_s=60)
    expected = {"done": JOBS, "changed": JOBS, "skipped": 0, "failed": 0, "total": JOBS}
    assert shown()["progress"] == expected
    ends = system.query(
        "SELECT jobs.state, count(DISTINCT id), count(*) FROM jobs JOIN events ON job_id = id"
        " WHERE tags @> '{bulk}' AND kind = 'state' AND data->>'state' = 'cancelled' GROUP BY 1"
    )
    assert ends == [("cancelled", JOBS, JOBS)]
