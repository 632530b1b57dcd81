"""The cpu pool's hooks into Celery, without processes."""

import gc
import mmap
from typing import Any, cast

import pytest
from celery.signals import worker_process_init, worker_process_shutdown

from haulage.engine import cpu_pool
from haulage.engine.host import WorkerHost


def receivers(signal: Any) -> list[Any]:
    """The functions of ours that would be called."""
    found = [reference() for _, reference in signal.receivers]
    return [one for one in found if getattr(one, "__module__", "") == cpu_pool.__name__]


def test_receivers_that_are_local_functions_survive_the_garbage_collector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Celery holds receivers weakly: without a reference of ours no child would get a runtime."""
    monkeypatch.setattr(cpu_pool, "_receivers", [])
    with mmap.mmap(-1, 1) as closing:
        cpu_pool.prepare_children(cast(WorkerHost, object()), closing)
        gc.collect()
        assert [one.__name__ for one in receivers(worker_process_init)] == ["born"]
        assert [one.__name__ for one in receivers(worker_process_shutdown)] == ["ended"]
    cpu_pool._receivers.clear()
    gc.collect()
    assert receivers(worker_process_init) == []
