"""The production topology: its failures and a load, in their short forms.

`tests/run.py` runs this as a group of its own where nginx and Prometheus are installed.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scenarios.failures import FAILURES

ROOT = Path(__file__).resolve().parents[2]
CHOSEN = "HAULAGE_TEST_SCENARIOS"
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not os.environ.get(CHOSEN), reason=f"{CHOSEN} is not set"),
]


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return played()


def played(*options: str) -> dict[str, Any]:
    ended = subprocess.run(
        [sys.executable, "-m", "scenarios", "--short", *options],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name[:8] != "HAULAGE_"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    line: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return line


def test_no_failure_loses_or_doubles_a_job(told: dict[str, Any]) -> None:
    assert len(told["failures"]) == len(FAILURES)
    assert told["violations"] == 0
    assert all(one["lost"] == 0 < one["jobs"] for one in told["failures"].values())
    assert told["answered_share"] == 1


def test_clients_see_no_error_while_nginx_is_there(told: dict[str, Any]) -> None:
    seen = {name: one["errors"] for name, one in told["failures"].items()}
    assert "connection refused" in seen.pop("6. nginx, away for 2 s")
    assert not any(seen.values()), seen


def test_without_nginx_the_api_servers_are_reached_directly(told: dict[str, Any]) -> None:
    assert told["failures"]["6. nginx, away for 2 s"]["answered_directly"] > 0


def test_jobs_are_accepted_while_redis_is_away(told: dict[str, Any]) -> None:
    away = told["failures"]["5. Redis, away for 2 s and back empty"]
    assert away["accepted_meanwhile"] > 0


def test_a_load_is_held_through_faults_and_a_pooler() -> None:
    load = played("--load", "--pooled")
    assert load["answered_share"] == 1
    assert load["jobs"] > 250
    assert [one["lost"] for one in load["failures"].values()] == [0, 0]
