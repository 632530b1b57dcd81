"""What the leading dispatcher tells of all queues."""

from prometheus_client import REGISTRY

from haulage.engine import overview
from haulage.engine.overview import Overview
from haulage.engine.services import Services
from haulage.storage.queue_reads import QueueReads
from tests.factories import new_job


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def test_depth_and_age_of_each_queue_are_told_and_silenced(services: Services) -> None:
    await services.insert_all([new_job(queue="io"), new_job(queue="io")])
    chore = Overview(QueueReads(services.database), services.clock, queues=("io", "cpu"))
    await chore.round(lambda: True)
    assert shown("haulage_queue_depth", queue="io") == 2
    assert shown("haulage_queue_depth", queue="cpu") == 0
    waits_s = shown("haulage_queue_oldest_waiting_seconds", queue="io")
    assert waits_s is not None
    assert waits_s >= 0
    assert shown("haulage_workers", pool="io") == 0
    overview.be_silent()
    assert shown("haulage_queue_depth", queue="io") is None
    assert shown("haulage_workers", pool="io") is None


async def test_who_has_lost_the_lead_meanwhile_tells_nothing(services: Services) -> None:
    overview.be_silent()
    chore = Overview(QueueReads(services.database), services.clock, queues=("io",))
    await chore.round(lambda: False)
    assert shown("haulage_queue_depth", queue="io") is None
