"""`haulage poller` as processes of its own, set by the older variables alone."""

import signal

import httpx
import pytest
from live_system import System, until
from poller_processes import Pollers

from bench.task_api import CLIENT_SECRET, TaskApi

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("system")]
TASKS = 12


def test_it_says_how_it_is_and_how_its_limits_stand(api: TaskApi, pollers: Pollers) -> None:
    api.add("one", content="A text.")
    pollers.start()
    until(lambda: api.told, within_s=60)
    health = httpx.get(f"{pollers.url}/health", trust_env=False)
    assert health.status_code == 200
    said = health.json()
    usage = said["rate_limiting"].pop("current_usage")
    assert said == {
        "status": "ok",
        "service": "poller",
        "rate_limiting": {"enabled": True, "strategy": "rolling"},
    }
    assert list(usage) == ["minute", "hour", "day", "week", "month"]
    limits = {period: one["limit"] for period, one in usage.items()}
    assert limits == {"minute": 20, "hour": 100, "day": 500, "week": 2000, "month": 7500}
    assert all(one["current"] + one["remaining"] == one["limit"] for one in usage.values())
    assert usage["minute"]["current"] >= 1
    ready = httpx.get(f"{pollers.url}/ready", trust_env=False)
    assert (ready.status_code, ready.json()["sources"]) == (200, {"ai-tasks": "leads"})
    metrics = httpx.get(f"{pollers.url}/metrics", trust_env=False).text
    assert 'ai_tasks_processed_total{status="succeeded",task_type="text_embedding"} 1.0' in metrics


def test_tasks_are_told_once_though_the_poller_is_killed(
    system: System, api: TaskApi, pollers: Pollers
) -> None:
    api.fail_every = 10
    for number in range(TASKS):
        api.add(f"t{number}", content=f"A text, number {number}.")
    api.add("odd", content={"no": "text"})
    first = pollers.start()
    until(lambda: len(api.told) >= 3, within_s=60)
    second = pollers.start()
    first.kill()
    until(lambda: len(api.told) == TASKS + 1, within_s=60)
    assert api.states() == {"succeeded": TASKS, "failed": 1}
    assert not api.violations
    jobs = system.query(
        "SELECT count(*) FROM jobs"
        " WHERE tags @> ARRAY['source:ai-tasks'] AND request_id ~ '^t[0-9]'"
    )
    assert jobs == [(TASKS,)]
    second.send_signal(signal.SIGTERM)
    assert second.wait(30) == 0, pollers.said()
    assert "Traceback" not in pollers.said()
    for secret in (CLIENT_SECRET, *api.tokens, "A text, number"):
        assert secret not in pollers.said()
    assert '"targetId": "target-t1"' in pollers.said()
