"""What is said of jobs that were taken back from the dead: by the dispatcher for workers, by a cpu
worker for its own processes."""

from collections.abc import Sequence

from haulage.engine.services import Services
from haulage.storage.dispatch_store import Rescued
from haulage.telemetry import logs
from haulage.telemetry.metrics import CRASHES, RESCUES

log = logs.get(__name__)


def tell_rescued(rescued: Sequence[Rescued], services: Services) -> None:
    """Count them, log them, and tell those who look on."""
    for one in rescued:
        RESCUES.labels(queue=one.queue).inc()
        if one.counted:
            CRASHES.labels(type=one.type).inc()
        log.warning(
            "job.rescued",
            job_id=str(one.job_id),
            crashes=one.crashes,
            company=one.company,
            state=one.state,
        )
    services.event_bell.rang(one.job_id for one in rescued)
