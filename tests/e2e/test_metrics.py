"""What the children of the cpu worker count is on its scrape target."""

import contextlib
from pathlib import Path
from urllib.request import urlopen

import pytest
from live_system import System, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("system")]

SETTLED = 'haulage_jobs_settled_total{state="succeeded",type="crew.tock"}'
DURATION = 'haulage_job_duration_seconds_count{type="crew.tock"}'


def shown(system: System, name: str) -> float:
    """The sum of one series over all processes that show their metrics."""
    total = 0.0
    for port in range(system.metrics_port, system.metrics_port + 5):
        with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name + " "):
                    total += float(line.rpartition(" ")[2])
    return total


def test_a_job_in_a_cpu_child_is_counted(system: System, tmp_path: Path) -> None:
    before = shown(system, SETTLED), shown(system, DURATION)
    job = system.client.submit("crew.tock", {"witness": str(tmp_path / "witness"), "steps": 1})
    assert system.until_ended(job.id).state == "succeeded"
    after = before[0] + 1, before[1] + 1
    until(lambda: (shown(system, SETTLED), shown(system, DURATION)) == after)
