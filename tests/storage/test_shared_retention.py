"""Values that jobs share: they go by their own age, and their blobs with them, not before."""

from haulage.engine.janitor import Janitor
from haulage.engine.services import Services
from haulage.settings import RetentionSettings
from haulage.storage.retention_store import RetentionStore
from haulage.storage.step_store import FinishedStep
from haulage.storage.tables import steps
from tests.conftest import TestClock
from tests.factories import Hand, queued


async def shared(services: Services, mark: int, value: str = "1") -> bytes:
    """One shared step's value, made now."""
    hand = await Hand.hired(services)
    lease = await hand.claim(await queued(services))
    kept = await services.blobs.keep(value)
    key = mark.to_bytes(32)
    step = FinishedStep(lease, f"k{mark}", "n", value, 0.1, kept.ref, key)
    assert await services.steps.save([step]) == [True]
    return key


async def test_a_shared_value_goes_when_its_days_are_over(
    services: Services, clock: TestClock
) -> None:
    store = RetentionStore(services.database, services.clock)
    settings = RetentionSettings(shared_days=2)
    janitor = Janitor(store, services.credits, services.blobs, services.clock, settings)
    old = await shared(services, 1)
    clock.advance(days=1)
    young = await shared(services, 2)
    clock.advance(days=1.5)
    await janitor.round(lambda: True)
    assert await services.steps.shared("default", old) is None
    assert await services.steps.shared("default", young) == "1"


async def test_a_blob_that_only_a_shared_step_names_stays(
    services: Services,
) -> None:
    store = RetentionStore(services.database, services.clock)
    large = '"' + "é" * 200_000 + '"'
    key = await shared(services, 1, large)
    async with services.database.transaction() as connection:
        await connection.execute(steps.delete())
    ref = (await services.blobs.keep(large)).ref
    assert ref
    assert await store.unnamed([ref]) == []
    assert await services.steps.shared("default", key) == large
