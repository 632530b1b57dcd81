"""A worker process: one pool, its queues, Celery around it."""

import logging
import os
import socket

from haulage import __version__
from haulage.domain import bulk
from haulage.domain.errors import HaulageError
from haulage.domain.job_type import CPU, IO, POOLS
from haulage.domain.ports import Silent
from haulage.engine.canary import nest_of, sender
from haulage.engine.celery_app import lanes_of_worker, make_celery
from haulage.engine.cpu_pool import CpuPool, run_message
from haulage.engine.host import WorkerHost, attach
from haulage.engine.incarnation import Incarnation
from haulage.engine.io_pool import IoPool
from haulage.engine.memory import total_memory_mb, with_memory_limits
from haulage.engine.vitals import Vitals
from haulage.telemetry import logs, tracing
from haulage.telemetry.relay import Relay
from haulage.wiring.services import (
    load_registry,
    open_orders,
    open_services,
    publish_types,
    serve_metrics,
    start,
)

log = logs.get(__name__)


def run_worker(
    *, pool: str, concurrency: int | None = None, queues: tuple[str, ...] | None = None
) -> None:
    """Serve the queues of one pool until SIGTERM; returns after the warm shutdown."""
    if pool not in POOLS:
        raise HaulageError(f"There is no pool {pool!r}; there are io and cpu.")
    settings = start(f"worker-{pool}")
    # Its children's, that is: what they count would be seen nowhere.
    relay = Relay() if pool == CPU and settings.metrics.port is not None else None
    service = f"worker-{pool}"
    vitals = Vitals(service, lease_s=settings.engine.lease_s)
    serve_metrics(settings, service, health=vitals.health, ready=vitals.ready, relay=relay)
    registry = load_registry(settings)
    publish_types(settings, registry)
    served = queues or tuple(name for name, its in settings.queue_pools.items() if its == pool)
    if pool == IO and bulk.QUEUE not in served:
        # Whatever else it is for: a bulk operation waits for nobody in particular.
        served += (bulk.QUEUE,)
    slots = concurrency or (1000 if pool == IO else max(2, os.cpu_count() or 2))
    engine = settings.engine
    if pool == CPU:
        engine = with_memory_limits(engine, processes=slots, total_mb=total_memory_mb())
        log.info("worker.memory", limit_mb=engine.child_limit_mb, processes=slots)
    incarnation = Incarnation()
    nest = nest_of(incarnation.id)
    app = make_celery(
        settings,
        run_message if pool == CPU else None,
        also=[nest],
        longest_s=max((declared.policy.timeout_s for declared in registry), default=0.0),
    )
    host = WorkerHost(
        pool=pool,
        queues=served,
        slots=slots,
        incarnation=incarnation,
        settings=engine,
        registry=registry,
        version=__version__,
        open_services=lambda size: open_services(
            settings,
            registry,
            Silent(),
            pool_size=size,
            name=service,
            with_models=True,
        ),
        open_orders=lambda: open_orders(settings),
        send_canary=sender(app, nest),
        vitals=vitals,
        relay=relay,
    )
    attach(app, host)
    recycle_mb = engine.child_recycle_mb
    worker = app.Worker(
        pool=IoPool if pool == IO else CpuPool,
        concurrency=slots,
        queues=[*lanes_of_worker(settings, pool, served), nest.name],
        hostname=f"{pool}-{os.getpid()}@{socket.gethostname()}",
        max_tasks_per_child=engine.child_max_jobs,
        # Celery counts in KiB.
        max_memory_per_child=recycle_mb * 1024 if recycle_mb else None,
        without_mingle=True,
        without_gossip=True,
        optimization="fair",
        loglevel=settings.log.level,
        quiet=True,
    )
    worker.start()
    tracing.stop()
    logging.shutdown()
    # Not `sys.exit`: it would wait for a thread that a handler has left running.
    os._exit(worker.exitcode or 0)
