"""Schemathesis asks every operation of the OpenAPI document what its author did not think of.

Against the application on the server that ships, with a real PostgreSQL and Redis behind it. One of
its checks is left out, that valid data is accepted: no schema can say which queues there are, that
a cursor must be one of ours, or that a deadline lies ahead. Not asked: streams, which last as long
as their jobs, and /ready, which rightly answers 503 where no worker runs.
"""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from haulage.domain.scope import Scope
from haulage.engine.services import Services
from haulage.settings import Settings
from tests.api.callers import Callers, guarded
from tests.api.served import serving

# Long enough to reach every operation in each phase, short enough for each run of the tests.
EXAMPLES = 2
SEED = 20261126


@pytest.mark.timeout(400)
async def test_it_finds_no_fault_with_the_document(
    services: Services, settings: Settings, tmp_path: Path
) -> None:
    # No worker runs, so whoever waits for a job's end waits in vain.
    hasty = settings.model_copy(update={"api": settings.api.model_copy(update={"max_wait_s": 0})})
    async with serving(guarded(hasty), services) as served:
        key = await Callers(served.api, AsyncExitStack()).key(*Scope, tenant="default")
        asking = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run"),
            f"http://127.0.0.1:{served.port}/openapi.json",
            *("--header", f"Authorization: Bearer {key}"),
            *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
            *("--seed", str(SEED), "--generation-deterministic"),
            *("--max-examples", str(EXAMPLES), "--phases", "examples,coverage,fuzzing"),
            *("--suppress-health-check", "all", "--no-shrink", "--no-color", "--warnings", "off"),
            *("--exclude-path-regex", "/(events|stream|ready)$"),
            *("--request-timeout", "20", "--continue-on-failure"),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await asking.communicate()
    assert asking.returncode == 0, said.decode()[-20_000:]
