"""The blocking face of a `RunContext`, for plain `def` handlers in a cpu child's main thread.

Reports (progress, log) are handed to the loop and not waited for; steps and files are.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from haulage.domain.context import Child, ChildOutcome, Part
from haulage.domain.errors import Interrupted, Verdict, classify
from haulage.domain.files import FileInfo, FileOnDisk, StoredFile
from haulage.domain.job import Usage
from haulage.domain.language_model import Choice, Embeddings
from haulage.domain.ports import Pass
from haulage.engine.context import RunContext
from haulage.engine.maps import ITEM_BACKOFF, ITEM_TRIES, item_failure
from haulage.engine.verdicts import retry_delay_s
from haulage.telemetry import tracing

T = TypeVar("T")


class BlockingRunContext:
    """See `domain.context.BlockingContext`."""

    def __init__(self, core: RunContext, loop: asyncio.AbstractEventLoop) -> None:
        self._core = core
        self._loop = loop

    @property
    def job_id(self) -> UUID:
        return self._core.job_id

    @property
    def attempt(self) -> int:
        return self._core.attempt

    @property
    def max_attempts(self) -> int:
        return self._core.max_attempts

    @property
    def tenant(self) -> str:
        return self._core.tenant

    def now(self) -> datetime:
        return self._core.now()

    def setting(self, name: str, default: Any) -> Any:
        return self._core.setting(name, default)

    def models_for(self, model: Any = None) -> Choice:
        return self._core.models_for(model)

    def add_usage(self, **used: Any) -> None:
        self._core.add_usage(**used)

    @property
    def usage(self) -> Usage:
        return self._core.usage

    def step(
        self, name: str, function: Callable[..., Any], /, *args: Any, shared: bool = False
    ) -> Any:
        work = self._core.work_of(name, function, args, shared=shared)
        found, value = self._wait(self._core.steps.find(work))
        if found:
            return value
        started = time.perf_counter()
        with self._core.parking.alone(work.key), tracing.part("step", {"haulage.step": name}):
            value = function(*args)
        return self._wait(self._core.steps.remember(work, value, time.perf_counter() - started))

    def map(
        self,
        name: str,
        function: Callable[..., Any],
        items: Sequence[Any],
        *,
        shared: bool = False,
    ) -> list[Any]:
        values = []
        for index, item in enumerate(items):
            self._report_items(name, done=index, failed=0, total=len(items))
            values.append(self.step(f"{name}[{index}]", function, item, shared=shared))
        self._report_items(name, done=len(items), failed=0, total=len(items))
        return values

    def map_partial(
        self,
        name: str,
        function: Callable[..., Any],
        items: Sequence[Any],
        *,
        shared: bool = False,
    ) -> list[Part[Any]]:
        parts: list[Part[Any]] = []
        failed = 0
        for index, item in enumerate(items):
            self._report_items(name, done=index - failed, failed=failed, total=len(items))
            parts.append(self._part(index, name, function, item, shared=shared))
            failed += parts[-1].failure is not None
        self._report_items(name, done=len(items) - failed, failed=failed, total=len(items))
        return parts

    def children(self, name: str, children: Sequence[Child]) -> list[ChildOutcome]:
        return self._wait(self._core.children(name, children))

    def progress(
        self,
        percent: float | None = None,
        *,
        step: str | None = None,
        done: int | None = None,
        failed: int | None = None,
        total: int | None = None,
    ) -> None:
        self._loop.call_soon_threadsafe(
            lambda: self._core.reports.progress(
                percent=percent, step=step, done=done, failed=failed, total=total
            )
        )

    def log(self, message: str, **fields: Any) -> None:
        self._loop.call_soon_threadsafe(self._core.reports.log, message, fields)

    def file(self, file_id: UUID | str) -> StoredFile:
        return self._wait(self._core.file(file_id))

    def file_path(self, file_id: UUID | str) -> FileOnDisk:
        return self._wait(self._core.file_path(file_id))

    def put_file(self, name: str, media_type: str, content: bytes | Path) -> FileInfo:
        return self._wait(self._core.put_file(name, media_type, content))

    @contextmanager
    def limit(self, pool: str, *, tokens: int = 0) -> Iterator[Pass]:
        turn = self._core.limit(pool, tokens=tokens)
        held = self._wait(_entered(turn))
        try:
            yield held
        except BaseException as error:
            self._wait(_left(turn, error))
            raise
        self._wait(_left(turn, None))

    def chat(self, model: Any, messages: Any, **options: Any) -> Any:
        return self._wait(self._core.chat(model, messages, **options))

    def embed(self, model: Any, texts: Any, *, dimensions: int | None = None) -> Embeddings:
        return self._wait(self._core.embed(model, texts, dimensions=dimensions))

    def _part(
        self, index: int, name: str, function: Callable[..., Any], item: Any, *, shared: bool
    ) -> Part[Any]:
        for attempt in range(1, ITEM_TRIES + 1):
            try:
                value = self.step(f"{name}[{index}]", function, item, shared=shared)
                return Part(index, value=value)
            except Interrupted:
                raise
            except Exception as error:
                failure = item_failure(error)
                if classify(error) is not Verdict.RETRY or attempt == ITEM_TRIES:
                    return Part(index, failure=failure)
                delay_s = retry_delay_s(ITEM_BACKOFF, attempt, error, self._core.random)
            time.sleep(delay_s)
        raise AssertionError("unreachable")

    def _report_items(self, name: str, *, done: int, failed: int, total: int) -> None:
        percent = 100.0 * (done + failed) / total if total else None
        self.progress(percent, step=name, done=done, failed=failed, total=total)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


async def _entered(turn: AbstractAsyncContextManager[Pass]) -> Pass:
    return await turn.__aenter__()


async def _left(turn: AbstractAsyncContextManager[Pass], error: BaseException | None) -> None:
    trace = error.__traceback__ if error else None
    await turn.__aexit__(type(error) if error else None, error, trace)
