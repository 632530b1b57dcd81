"""Every process shows what it owns on a scrape target of its own, and what it says is true."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from live_system import System, until
from poller_processes import Pollers
from scrape_targets import Scrape, targets

from bench.task_api import task_api
from haulage.telemetry.catalogue import CATALOGUE

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("system")]

PROCESSES = {"api", "worker-io", "worker-cpu", "dispatcher", "poller"}
JOBS = "haulage_jobs_settled_total"
SPENT = "haulage_job_duration_seconds"


class Watched:
    """What the targets say now, against what they said at the start."""

    def __init__(self, urls: dict[str, str]) -> None:
        self._urls = urls
        self._before = self._look()

    def _look(self) -> dict[str, Scrape]:
        return {name: Scrape.of(url) for name, url in self._urls.items()}

    def says(self, service: str, name: str, /, **labels: str) -> float:
        """A gauge's value; -1 where it is not told."""
        found = Scrape.of(self._urls[service]).value(name, **labels)
        return -1 if found is None else found

    def more(self, service: str, name: str, /, **labels: str) -> float:
        """By how much a counter has grown."""
        before = self._before[service].value(name, **labels) or 0
        return max(self.says(service, name, **labels), 0) - before

    def names(self) -> dict[str, set[str]]:
        return {name: scrape.names for name, scrape in self._look().items()}


@pytest.fixture(scope="module")
def urls(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Where each kind of process shows its metrics; the poller has told the end of a task."""
    with task_api() as api:
        pollers = Pollers(system, api, tmp_path_factory.mktemp("poller") / "log")
        try:
            pollers.start()
            api.add("measured", content="A text.")
            until(lambda: api.told, within_s=90)
            yield {**targets(system), "poller": pollers.url}
        finally:
            pollers.close()


@pytest.fixture
def watched(urls: dict[str, str]) -> Watched:
    assert set(urls) == PROCESSES
    return Watched(urls)


def looks_on(system: System, job_id: str) -> threading.Thread:
    """Somebody who reads a job's events to its end."""
    url = f"{system.ready['url']}/api/v1/jobs/{job_id}/events"
    headers = {"accept": "text/event-stream"}
    reading = threading.Thread(
        target=lambda: httpx.get(url, headers=headers, timeout=60, trust_env=False)
    )
    reading.start()
    return reading


def test_each_process_tells_the_metrics_that_are_its_own(watched: Watched) -> None:
    owned = {name: {one.name for one in CATALOGUE if name in one.told_by} for name in PROCESSES}
    lacking = {name: owned[name] - told for name, told in watched.names().items()}
    assert not any(lacking.values()), lacking


def test_what_was_pulled_is_counted_by_the_poller(watched: Watched) -> None:
    task = {"task_type": "text_embedding"}
    assert watched.says("poller", "ai_tasks_processed_total", status="succeeded", **task) == 1
    assert watched.says("poller", "ai_task_processing_duration_seconds_count", **task) == 1
    assert watched.says("poller", "ai_tasks_in_flight") == 0
    # It asked for a page, took the task and told its end.
    answered = watched.says("poller", "api_requests_total", status_code="200")
    assert answered >= 3
    assert watched.says("poller", "api_request_duration_seconds_count") >= answered
    allowed, left, used = (
        watched.says("poller", f"rate_limit_{name}", period="minute")
        for name in ("max_allowed", "remaining", "current_usage")
    )
    assert (allowed, left + used) == (20, 20)
    assert watched.says("poller", "haulage_jobs_submitted_total", type="text_embedding") == 1


def test_jobs_are_counted_where_they_run_and_seen_while_they_wait_and_run(
    system: System, watched: Watched, tmp_path: Path
) -> None:
    def submit(type: str, **body: object) -> str:
        witness = str(tmp_path / "witness")
        return str(system.client.submit(type, {"witness": witness, **body}).id)

    long = submit("crew.tick", seconds=8), submit("crew.tock", seconds=8)
    looking = looks_on(system, long[0])
    for pool in ("io", "cpu"):
        until(lambda: watched.says(f"worker-{pool}", "haulage_jobs_in_flight", pool=pool) == 1)  # noqa: B023
        assert 0 <= watched.says(f"worker-{pool}", "haulage_lease_age_seconds") < 5
    system.client.pause_queue("cpu")
    try:
        held = submit("crew.tock", seconds=0.1)
        until(lambda: watched.says("dispatcher", "haulage_queue_depth", queue="cpu") == 1)
        oldest_s = watched.says("dispatcher", "haulage_queue_oldest_waiting_seconds", queue="cpu")
        assert 0 < oldest_s < 60
        assert watched.says("dispatcher", "haulage_jobs_running", queue="cpu") == 1
        assert watched.says("dispatcher", "haulage_dispatcher_leads") == 1
    finally:
        system.client.resume_queue("cpu")
    for job_id in (*long, held):
        assert system.until_ended(job_id, within_s=60).state == "succeeded"
    looking.join(60)
    assert watched.more("api", "haulage_event_lag_seconds_count") >= 1
    assert watched.more("api", "haulage_event_lag_seconds_sum") < 60
    assert watched.more("api", "haulage_jobs_submitted_total", type="crew.tock") == 2
    route = {"method": "POST", "route": "/api/v1/jobs", "status": "202"}
    assert watched.more("api", "haulage_http_requests_total", **route) == 3
    io, cpu = "worker-io", "worker-cpu"
    until(lambda: watched.more(cpu, JOBS, type="crew.tock", state="succeeded") == 2)
    assert watched.more(io, JOBS, type="crew.tick", state="succeeded") == 1
    assert watched.more(io, f"{SPENT}_count", type="crew.tick") == 1
    assert watched.more(io, f"{SPENT}_sum", type="crew.tick") >= 8
    until(lambda: watched.more(cpu, f"{SPENT}_count", type="crew.tock") == 2)
    assert watched.more(cpu, f"{SPENT}_sum", type="crew.tock") >= 8.1
    assert watched.more(io, "haulage_queue_latency_seconds_count", queue="io") >= 1
    # The one that was held has waited for as long as the dispatcher saw it wait.
    assert watched.more(cpu, "haulage_queue_latency_seconds_sum", queue="cpu") >= oldest_s
    # And none of it is anybody else's.
    assert watched.more(io, JOBS, type="crew.tock") == 0
    assert watched.more(cpu, JOBS, type="crew.tick") == 0


def test_calls_of_models_and_deaths_are_counted_by_the_worker(
    system: System, watched: Watched, tmp_path: Path
) -> None:
    body = {"witness": str(tmp_path / "witness")}
    deadly = system.client.submit("crew.suicide", body)
    asked = system.client.submit("crew.ask", body)
    assert system.until_ended(asked.id).state == "succeeded"
    assert watched.more("worker-io", "quiet_requests_total", model="tiny") == 1
    assert watched.more("worker-io", "quiet_tokens_used_total", model="tiny") > 0
    assert watched.says("worker-io", "circuit_breaker_state", service="quiet") == 0
    assert system.until_ended(deadly.id).state == "failed"
    until(lambda: watched.more("worker-cpu", "haulage_rescues_total", queue="cpu") == 2)
    assert watched.more("worker-cpu", "haulage_crashes_total", type="crew.suicide") == 2


def test_the_jobs_of_a_dead_worker_are_counted_by_the_dispatcher(
    system: System, watched: Watched, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    job = system.client.submit("crew.steps", {"witness": str(witness), "steps": 2, "seconds": 1})
    system.until_state(job.id, "running")
    os.kill(system.pids("worker-io")[0], signal.SIGKILL)
    until(lambda: watched.more("dispatcher", "haulage_rescues_total", queue="io") == 1)
    assert watched.more("dispatcher", "haulage_crashes_total", type="crew.steps") == 1
    assert system.until_ended(job.id).state == "succeeded"
