"""Machines whose clocks are five seconds apart: whose clock decides, and what that costs."""

from datetime import UTC, datetime, timedelta

import pytest

from haulage.domain.clock import SystemClock
from haulage.domain.ids import uuid7
from haulage.engine.services import Services
from haulage.storage import dispatch_store, worker_store
from haulage.storage.worker_store import WorkerInfo
from tests.conftest import TestClock

SKEW = timedelta(seconds=5)


class WrongClock(SystemClock):
    """A machine's own clock, `off` from the truth until it is calibrated."""

    def __init__(self, off: timedelta) -> None:
        super().__init__()
        self._off = off

    def _machine_now(self) -> datetime:
        return super()._machine_now() + self._off


@pytest.mark.parametrize("off", [SKEW, -SKEW])
async def test_a_calibrated_process_tells_postgresqls_time_on_a_machine_that_is_off(
    services: Services, off: timedelta
) -> None:
    clock = WrongClock(off)
    assert abs(clock.now() - datetime.now(UTC)) > timedelta(seconds=4)
    await services.database.calibrate(clock)
    assert abs(clock.now() - await services.database.now()) < timedelta(seconds=1)


async def test_a_worker_on_a_machine_that_is_behind_is_not_declared_dead(
    services: Services,
) -> None:
    behind, ahead = WrongClock(-SKEW), WrongClock(SKEW)
    for clock in (behind, ahead):
        await services.database.calibrate(clock)
    worker_id = uuid7()
    workers = worker_store.WorkerStore(services.database, behind)
    await workers.register(WorkerInfo(worker_id, "io-1", "here", 1, "io", ["io"], 10, "0"))
    judge = dispatch_store.DispatchStore(services.database, ahead)
    assert await judge.end_silent_workers(lease_s=3.0) == []
    assert (await workers.beat(worker_id, in_flight=0)).alive


async def test_even_uncalibrated_a_skew_costs_a_rescue_and_no_double_settlement(
    services: Services, clock: TestClock
) -> None:
    """What calibration prevents: a judge ten seconds ahead ends a worker that lives. The worker
    hears of it at its next beat, and the fence refuses what it still settles."""
    worker_id = uuid7()
    await services.workers.register(WorkerInfo(worker_id, "io-1", "here", 1, "io", ["io"], 10, "0"))
    clock.advance(seconds=10)
    assert await services.dispatch.end_silent_workers(lease_s=5.0) == [worker_id]
    assert not (await services.workers.beat(worker_id, in_flight=0)).alive
