"""What was revoked through Celery: jobs that wait end at once, each is heard of once."""

from uuid import UUID, uuid4

import pytest

from haulage.domain.lifecycle import State
from haulage.engine.revokes import Revokes
from haulage.engine.services import Services
from haulage.storage.job_store import JobStore
from tests.factories import Hand, queued, row, state


@pytest.fixture
def remembered() -> list[str]:
    """Stands for Celery's own list."""
    return []


@pytest.fixture
def revokes(remembered: list[str]) -> Revokes:
    return Revokes(remembered)


async def test_a_job_that_waits_ends_and_one_that_runs_is_left_alone(
    services: Services, revokes: Revokes, remembered: list[str]
) -> None:
    waits, again, runs = [await queued(services) for _ in range(3)]
    await (await Hand.hired(services)).claim(runs)
    remembered += [str(waits), f"{again}.2", str(runs), str(uuid4()), "no id"]
    await revokes.hear(services)
    assert [await state(services, one) for one in (waits, again, runs)] == [
        State.CANCELLED,
        State.CANCELLED,
        State.RUNNING,
    ]
    assert (await row(services, waits))["cancelled_by"] == "celery revoke"
    assert (await row(services, runs))["cancel_requested_at"] is None


async def test_each_is_heard_of_once(
    services: Services,
    revokes: Revokes,
    remembered: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[UUID] = []
    cancel = JobStore.cancel

    async def counted(self: JobStore, ids: list[UUID], **given: object) -> object:
        told.extend(ids)
        return await cancel(self, ids, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(JobStore, "cancel", counted)
    first, second = await queued(services), await queued(services)
    remembered.append(str(first))
    await revokes.hear(services)
    remembered.append(str(second))
    await revokes.hear(services)
    await revokes.hear(services)
    assert told == [first, second]
