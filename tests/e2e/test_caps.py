"""A tenant's cap on running jobs, on real processes."""

from collections.abc import Iterator

import httpx
import pytest
from live_system import System, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("system")]

CAP = 3
JOBS = 12


@pytest.fixture
def capped(system: System) -> Iterator[System]:
    address = f"{system.ready['url']}/api/v1/limits/running"
    body = {"tenants": {"default": {"concurrency": CAP}}}
    assert httpx.put(address, json=body, trust_env=False).status_code == 200
    yield system
    httpx.delete(address, trust_env=False)


def test_never_more_run_than_the_cap_and_all_of_them_in_the_end(capped: System) -> None:
    # The change has reached every worker once one of its jobs was held back.
    until(
        lambda: (
            _most_at_once(
                capped, [capped.client.submit("sleep", {"seconds": 0.3}).id for _ in range(JOBS)]
            )
            <= CAP
        )
    )


def _most_at_once(system: System, ids: list[object]) -> int:
    spans = []
    for job_id in ids:
        ended = system.until_ended(job_id)
        assert ended.state == "succeeded"
        spans.append((ended.started_at, ended.finished_at))
    return max(sum(start <= moment < end for start, end in spans) for moment, _ in spans)
