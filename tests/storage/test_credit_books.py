"""The books of credits against a model that reckons lot by lot, whatever happens in any order.

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
from tests.storage.credit_machine import CreditMachine
from tests.support.crash_points import CrashingDatabase

EXAMPLES = int(os.environ.get("HAULAGE_TEST_EXAMPLES", "8"))


@pytest.mark.timeout(60 + 6 * EXAMPLES)
def test_the_books_balance_whatever_happens(
    database_url: str, blobs: Blobs, clock: TestClock
) -> None:
    with asyncio.Runner() as runner:
        CreditMachine.loop = runner.get_loop()
        CreditMachine.clock = clock
        CreditMachine.database = CrashingDatabase(database_url, pool_size=2)
        CreditMachine.services = services_on(CreditMachine.database, blobs, clock)
        try:
            run_state_machine_as_test(
                CreditMachine,
                settings=settings(
                    max_examples=EXAMPLES,
                    stateful_step_count=40,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                    print_blob=True,
                ),
            )
        finally:
            runner.run(CreditMachine.database.close())
