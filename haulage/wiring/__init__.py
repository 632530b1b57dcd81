"""Rank 8: builds the objects and starts the processes. Alone names concrete classes.

One file for each kind of process, imported when it is first asked for: a worker does not carry the
HTTP server's modules, nor the API a process pool. `celery -A haulage.wiring inspect active` and the
like find the application here.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from haulage.wiring.api import run_api
    from haulage.wiring.dispatcher import run_dispatcher
    from haulage.wiring.migration import migrate
    from haulage.wiring.poller import run_poller
    from haulage.wiring.tables import migration_status
    from haulage.wiring.worker import run_worker

_HOMES = {
    "migrate": "haulage.wiring.migration",
    "migration_status": "haulage.wiring.tables",
    "run_api": "haulage.wiring.api",
    "run_dispatcher": "haulage.wiring.dispatcher",
    "run_poller": "haulage.wiring.poller",
    "run_worker": "haulage.wiring.worker",
}

__all__ = [
    "migrate",
    "migration_status",
    "run_api",
    "run_dispatcher",
    "run_poller",
    "run_worker",
]


def __getattr__(name: str) -> Any:
    if name == "app":
        from haulage.engine.celery_app import make_celery
        from haulage.settings import load

        return make_celery(load())
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
