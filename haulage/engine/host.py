"""What a worker process is made of, handed to the pools that Celery constructs.

Celery builds pools itself and passes them only its application; `attach` puts the host there.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from celery import Celery

from haulage.domain.job_type import Registry
from haulage.engine.bus import Orders
from haulage.engine.incarnation import Incarnation
from haulage.engine.services import Services
from haulage.engine.vitals import Vitals
from haulage.settings import EngineSettings
from haulage.telemetry.relay import Relay


@dataclass(frozen=True)
class WorkerHost:
    """One worker process: who it is, how it keeps time, and how to open its services on a loop.

    `open_services` takes the number of connections and is entered once on each event loop of the
    process; `open_orders` yields what wakes the pulse; `send_canary` publishes one message into the
    worker's own queue; the pulse tells `vitals`; by `relay` children say what they count.
    """

    pool: str
    queues: Sequence[str]
    slots: int
    incarnation: Incarnation
    settings: EngineSettings
    registry: Registry
    version: str
    open_services: Callable[[int], AbstractAsyncContextManager[Services]]
    open_orders: Callable[[], AbstractAsyncContextManager[Orders]]
    send_canary: Callable[[], None]
    vitals: Vitals
    relay: Relay | None = None


def attach(app: Celery, host: WorkerHost) -> None:
    """Make `host` findable for the pool that Celery constructs with `app`."""
    app.haulage_host = host


def host_of(app: Celery) -> WorkerHost:
    """The host that was attached."""
    host = getattr(app, "haulage_host", None)
    if not isinstance(host, WorkerHost):
        raise RuntimeError("this pool runs under `haulage worker`, which attaches its host")
    return host
