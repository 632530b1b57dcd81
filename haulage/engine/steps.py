"""What one attempt knows of finished steps: its job's own, and those its tenant's jobs share.

A step is known in its job by name, code version and arguments (`step_key`); a shared one also in
its tenant, whatever job of the type runs it and wherever in a map it stands. Both are stored in one
statement, under the lease's fence, together with what the job has used so far.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from haulage.domain.errors import DefinitionFault, LeaseLost
from haulage.domain.job import Lease, Usage
from haulage.engine.batcher import patiently
from haulage.engine.services import Services
from haulage.storage.json_text import canonical, dumps, loads
from haulage.storage.step_store import SMALL_BYTES, FinishedStep
from haulage.telemetry.metrics import SHARED_STEPS

_PLACE = re.compile(r"\[\d+\]$")


@dataclass(frozen=True, slots=True)
class Work:
    """A step to be done: `key` in its job; `mark` in its tenant, for one that is shared."""

    name: str
    key: str
    mark: bytes | None = None


def work_of(
    name: str, function: Callable[..., Any], args: tuple[Any, ...], *, shared: str | None = None
) -> Work:
    """The step that runs `function(*args)`; `shared` is the job type whose jobs share it.

    Raises `DefinitionFault` for a shared step without a version: nobody could tell its values from
    those of code that is no more.
    """
    key = step_key(name, function, args)
    if shared is None:
        return Work(name, key)
    version = _version(function)
    if not version:
        raise DefinitionFault(f"step {name!r} is shared and so needs a @version mark")
    parts = canonical([shared, _PLACE.sub("", name), version, list(args)])
    return Work(name, key, hashlib.sha256(parts.encode()).digest())


def step_key(name: str, function: Callable[..., Any], args: tuple[Any, ...]) -> str:
    """A step's identity: name, the mark of its code (`@version`), digest of its arguments."""
    digest = hashlib.sha256(canonical(list(args)).encode()).hexdigest()[:32]
    return f"{name}@{_version(function)}:{digest}"


class Steps:
    """One attempt's. `on_lost` is called when a write is refused; `take_usage` gives what is to be
    written with the next step, `put_back` takes it again when that failed."""

    def __init__(
        self,
        lease: Lease,
        services: Services,
        *,
        on_lost: Callable[[], None],
        take_usage: Callable[[], Usage],
        put_back: Callable[[Usage], None],
    ) -> None:
        self._lease = lease
        self._services = services
        self._on_lost = on_lost
        self._take_usage = take_usage
        self._put_back = put_back
        # Finished steps; None in the place of a value that is large and fetched when asked for.
        self._stored: dict[str, str | None] | None = None
        self._loading = asyncio.Lock()

    async def find(self, work: Work) -> tuple[bool, Any]:
        """Whether the step is finished, here or in another job, and its value."""
        found, value = await self.recall(work.key)
        if found or work.mark is None:
            return found, value
        mark, tenant = work.mark, self._lease.tenant
        text = await patiently(lambda: self._services.steps.shared(tenant, mark))
        SHARED_STEPS.labels(found="no" if text is None else "yes").inc()
        if text is None:
            return False, None
        return True, await self._store(Work(work.name, work.key), text, 0.0)

    async def recall(self, key: str) -> tuple[bool, Any]:
        """Whether this job has finished the step, and its value."""
        async with self._loading:
            if self._stored is None:
                self._stored = (
                    {}
                    if self._lease.fence == 1
                    else await patiently(lambda: self._services.steps.known(self._lease.job_id))
                )
        if key not in self._stored:
            return False, None
        text = self._stored[key]
        if text is None:
            text = await patiently(lambda: self._services.steps.value(self._lease.job_id, key))
        return True, loads(text)

    async def remember(self, work: Work, value: Any, duration_s: float) -> Any:
        """Store a finished step; its value as a later attempt will see it."""
        return await self._store(work, dumps(value), duration_s)

    def know(self, key: str, text: str) -> None:
        """A step has just been stored, with this value; after a `recall`."""
        assert self._stored is not None
        self._stored[key] = text if len(text) <= SMALL_BYTES else None

    async def _store(self, work: Work, text: str, duration_s: float) -> Any:
        kept = await self._services.blobs.keep(text)
        used = self._take_usage()
        step = FinishedStep(
            self._lease, work.key, work.name, text, duration_s, kept.ref, work.mark, used
        )
        try:
            landed = await self._services.finished_steps.submit(step)
        except Exception:
            self._put_back(used)
            raise
        if not landed:
            self._on_lost()
            raise LeaseLost(f"step {work.name!r} was refused: the lease is lost")
        self.know(work.key, text)
        return loads(text)


def _version(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__haulage_version__", ""))
