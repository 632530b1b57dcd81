"""The `Context` that async handlers get, bound to one lease.

Steps are durable: a value counts once it is stored under the lease's fence. A write that is refused
means the lease is lost: the attempt is told to stop. While PostgreSQL is away reads and writes wait
for it; the handler's time limit goes on. Progress and log lines: `reports.py`.
"""

import asyncio
import inspect
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from haulage.domain.context import Child, ChildOutcome, Part
from haulage.domain.errors import Snoozed
from haulage.domain.files import FileInfo, FileOnDisk, StoredFile
from haulage.domain.job import NOTHING_USED, Lease, Usage
from haulage.domain.language_model import Choice, Embeddings
from haulage.domain.ports import Pass
from haulage.domain.unawaited import Calls, watched
from haulage.engine import maps
from haulage.engine.children import gather
from haulage.engine.job_files import JobFiles
from haulage.engine.model_calls import ModelCalls
from haulage.engine.parking import Parking
from haulage.engine.reports import Reports
from haulage.engine.services import Services
from haulage.engine.steps import Steps, Work, work_of
from haulage.telemetry import logs, tracing

log = logs.get(__name__)


class RunContext:
    """See `domain.context.Context`. `on_lost` is called once when a write is refused."""

    def __init__(
        self, lease: Lease, services: Services, *, on_lost: Callable[[], None], random: Random
    ) -> None:
        self.lease = lease
        # What earlier attempts have used and this one; and of it what is not written yet.
        self.usage = lease.usage
        self._unwritten = NOTHING_USED
        self._services = services
        self._on_lost = on_lost
        self.random = random
        self._under_way: dict[str, asyncio.Future[None]] = {}

    # What follows is made when it is first asked for: most of it no quick job ever needs.

    @cached_property
    def reports(self) -> Reports:
        return Reports(self.lease, self._services, on_lost=self._on_lost)

    @cached_property
    def steps(self) -> Steps:
        return Steps(
            self.lease,
            self._services,
            on_lost=self._on_lost,
            take_usage=self.take_usage,
            put_back=self._add,
        )

    @cached_property
    def parking(self) -> Parking:
        return Parking()

    @cached_property
    def files(self) -> JobFiles:
        return JobFiles(self.lease, self._services)

    @cached_property
    def models(self) -> ModelCalls:
        return ModelCalls(self, self._services.models)

    @cached_property
    def calls(self) -> Calls:
        return Calls()

    @cached_property
    def _spawning(self) -> dict[str, asyncio.Lock]:
        return {}

    def close(self) -> None:
        """Remove the attempt's copies of files."""
        if "files" in self.__dict__:
            self.files.close()

    async def flush(self, *, succeeded: bool) -> None:
        """Have everything stored that was reported, and what was meant to be and not awaited."""
        for said in self.calls.forgotten() if "calls" in self.__dict__ else ():
            log.warning("job.not_awaited", call=said)
            self.reports.log(said, {"level": "warning"})
        if "reports" in self.__dict__:
            await self.reports.flush(succeeded=succeeded)

    @property
    def services(self) -> Services:
        """For the engine's own job types."""
        return self._services

    @property
    def job_id(self) -> UUID:
        return self.lease.job_id

    @property
    def attempt(self) -> int:
        return self.lease.attempt

    @property
    def max_attempts(self) -> int:
        return self.lease.max_attempts

    @property
    def tenant(self) -> str:
        return self.lease.tenant

    def now(self) -> datetime:
        return self._services.clock.now()

    def setting(self, name: str, default: Any) -> Any:
        raw = os.environ.get(f"HAULAGE_HANDLER_{name.upper()}")
        return default if raw is None else TypeAdapter(type(default)).validate_strings(raw)

    def models_for(self, model: Any = None) -> Choice:
        return self.models.choose(model)

    def add_usage(
        self,
        *,
        calls: int = 0,
        input_tokens: int = 0,
        output_tokens: int = 0,
        cost: float = 0.0,
    ) -> None:
        used = Usage(calls, input_tokens, output_tokens, cost)
        self.usage += used
        self._add(used)

    def take_usage(self) -> Usage:
        """What is to be written with the next write; it is the taker's then."""
        taken, self._unwritten = self._unwritten, NOTHING_USED
        return taken

    def _add(self, used: Usage) -> None:
        self._unwritten += used

    def work_of(
        self, name: str, function: Callable[..., Any], args: tuple[Any, ...], *, shared: bool
    ) -> Work:
        """A step of this job."""
        return work_of(name, function, args, shared=self.lease.type if shared else None)

    @watched
    async def step(
        self, name: str, function: Callable[..., Any], /, *args: Any, shared: bool = False
    ) -> Any:
        work = self.work_of(name, function, args, shared=shared)
        key = work.key
        while (first := self._under_way.get(key)) is not None:
            # The same step at the same time: its value, or its error, is this one's too.
            await asyncio.wait({first})
            if not first.cancelled():
                first.result()
        self._under_way[key] = first = asyncio.get_running_loop().create_future()
        try:
            with self.parking.step(key):
                value = await self._step(work, function, args)
        except Exception as error:
            first.set_exception(error)
            # Nobody may be waiting; an error nobody awaits is not one to print.
            first.exception()
            raise
        except BaseException:
            first.cancel()
            raise
        else:
            first.set_result(None)
            return value
        finally:
            del self._under_way[key]

    async def _step(self, work: Work, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        found, value = await self.steps.find(work)
        if found:
            return value
        started = time.perf_counter()
        try:
            with tracing.part("step", {"haulage.step": work.name}):
                value = function(*args)
                if inspect.isawaitable(value):
                    value = await value
        except Snoozed as error:
            # It would end the attempt, and with it the steps beside it.
            raise await self.parking.stand_back(error) or error from None
        return await self.steps.remember(work, value, time.perf_counter() - started)

    @watched
    async def map(
        self,
        name: str,
        function: Callable[..., Any],
        items: Sequence[Any],
        *,
        limit: int = 5,
        shared: bool = False,
    ) -> list[Any]:
        return await maps.whole(self, name, function, items, limit=limit, shared=shared)

    @watched
    async def map_partial(
        self,
        name: str,
        function: Callable[..., Any],
        items: Sequence[Any],
        *,
        limit: int = 5,
        shared: bool = False,
    ) -> list[Part[Any]]:
        return await maps.partial(self, name, function, items, limit=limit, shared=shared)

    @watched
    async def children(self, name: str, children: Sequence[Child]) -> list[ChildOutcome]:
        # The second of two equal calls at once finds what the first has spawned.
        async with self._spawning.setdefault(name, asyncio.Lock()):
            return await gather(self, self._services, name, children)

    @watched
    async def progress(
        self,
        percent: float | None = None,
        *,
        step: str | None = None,
        done: int | None = None,
        failed: int | None = None,
        total: int | None = None,
    ) -> None:
        self.reports.progress(percent=percent, step=step, done=done, failed=failed, total=total)

    @watched
    async def log(self, message: str, **fields: Any) -> None:
        self.reports.log(message, fields)

    @watched
    async def file(self, file_id: UUID | str) -> StoredFile:
        return await self.files.content(file_id)

    @watched
    async def file_path(self, file_id: UUID | str) -> FileOnDisk:
        return await self.files.path(file_id)

    @watched
    async def put_file(self, name: str, media_type: str, content: bytes | Path) -> FileInfo:
        return await self.files.put(name, media_type, content)

    def limit(self, pool: str, *, tokens: int = 0) -> AbstractAsyncContextManager[Pass]:
        return self.models.limit(pool, tokens=tokens)

    @watched
    async def chat(self, model: Any, messages: Any, **options: Any) -> Any:
        return await self.models.chat(model, messages, **options)

    @watched
    async def embed(self, model: Any, texts: Any, *, dimensions: int | None = None) -> Embeddings:
        return await self.models.embed(model, texts, dimensions=dimensions)
