"""Machines of Hypothesis on a real database, whose callers die at their commits and come back.

`HAULAGE_TEST_EXAMPLES=500` looks longer than `make test` does.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from haulage.domain.errors import Unavailable
from haulage.engine.services import Services
from haulage.storage import tables
from haulage.storage.blobs import Blobs
from tests.conftest import TestClock
from tests.factories import services_on
from tests.support.crash_points import CrashingDatabase, Point

T = TypeVar("T")


class Mortals(RuleBasedStateMachine):
    """What such machines share; `examine` gives them their database."""

    loop: asyncio.AbstractEventLoop
    clock: TestClock
    services: Services
    database: CrashingDatabase

    def __init__(self) -> None:
        super().__init__()
        # Where the next caller dies; it comes back and does the same again.
        self.point: Point | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def told(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The answer to `work`, done again if its caller died at a crash point."""
        self.database.crash_at, self.point = self.point, None
        try:
            return self.run(work())
        except Unavailable:
            return self.run(work())

    @rule(point=st.sampled_from(["before", "after"]))
    def the_next_caller_will_die(self, point: Point) -> None:
        self.point = point

    async def empty(self) -> None:
        async with self.services.database.transaction() as connection:
            for table in tables.metadata.sorted_tables:
                await connection.execute(table.delete())


def examples(usual: int) -> int:
    """On how many ways a machine goes."""
    return int(os.environ.get("HAULAGE_TEST_EXAMPLES", usual))


def examine(
    machine: type[Mortals], *, examples: int, database_url: str, blobs: Blobs, clock: TestClock
) -> None:
    """Let the machine go its ways, each of 40 steps."""
    with asyncio.Runner() as runner:
        machine.loop = runner.get_loop()
        machine.clock = clock
        machine.database = CrashingDatabase(database_url, pool_size=2)
        machine.services = services_on(machine.database, blobs, clock)
        try:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=40,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                    print_blob=True,
                ),
            )
        finally:
            runner.run(machine.database.close())
