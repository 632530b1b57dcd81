"""The store against a model small enough to be right: whatever two workers, a dispatcher and people
do in any order, dying at their commits and coming back, the rows are what the model says.

`HAULAGE_TEST_EXAMPLES=500` looks longer than `make test` does.
"""

import asyncio
import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from haulage.storage.blobs import Blobs
from tests.conftest import TestClock
from tests.factories import services_on
from tests.storage.machine import WholeMachine
from tests.support.crash_points import CrashingDatabase

EXAMPLES = int(os.environ.get("HAULAGE_TEST_EXAMPLES", "30"))


@pytest.mark.timeout(60 + 6 * EXAMPLES)
def test_the_store_is_what_its_model_says(
    database_url: str, blobs: Blobs, clock: TestClock
) -> None:
    with asyncio.Runner() as runner:
        WholeMachine.loop = runner.get_loop()
        WholeMachine.clock = clock
        WholeMachine.database = CrashingDatabase(database_url, pool_size=2)
        WholeMachine.services = services_on(WholeMachine.database, blobs, clock)
        try:
            run_state_machine_as_test(
                WholeMachine,
                settings=settings(
                    max_examples=EXAMPLES,
                    stateful_step_count=40,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                    print_blob=True,
                ),
            )
        finally:
            runner.run(WholeMachine.database.close())
