"""Contexts to try handlers with: no database, no broker, no worker.

    ctx = FakeBlockingContext()
    file = ctx.add_file(pdf_bytes, name="novel.pdf")
    result = rewrite_novel(RewriteInput(file=file.id), ctx)
    assert ctx.reports[-1].done == 3

A `ctx.log(…)` that is not awaited does nothing; who then looks at `lines`, `reports` or `executed`
of a `FakeContext` hears of it.

Promises what a handler may rely on: a finished step is not run again, not by a second call and not
in a second attempt (`ctx.next_attempt()`); arguments and values go through JSON, as in the
database; files are found by their id, and those that the handler stores are in `ctx.made`. Does not
retry, time out or cancel, and runs the items of a `map` one after the other, so that a test sees
the same order each time.
"""

import inspect
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from haulage.domain.context import Child, ChildOutcome, Failure, Part
from haulage.domain.errors import HaulageError, Interrupted, LeaseLost, NotRetryable
from haulage.domain.files import FileInfo, FileOnDisk, StoredFile
from haulage.domain.language_model import (
    MAX_TOKENS,
    Answer,
    ChatRequest,
    Embeddings,
    Message,
    ModelUsage,
)
from haulage.domain.limits import Asker
from haulage.domain.ports import FreeRoad, Pass
from haulage.domain.unawaited import Calls, watched
from haulage.testing.job import FakeJob, Report, chain_of
from haulage.testing.looks import Looked

__all__ = ["FakeBlockingContext", "FakeContext", "Report"]

T = TypeVar("T")


class FakeContext(FakeJob):
    """For `async def` handlers; see the module."""

    if not TYPE_CHECKING:
        reports = Looked()
        lines = Looked()
        executed = Looked()

    @cached_property
    def calls(self) -> Calls:
        return Calls()

    def next_attempt(self) -> None:
        """As for every fake; raises `AssertionError` for what the one before did not await."""
        _ = self.reports
        super().next_attempt()

    @watched
    async def step(
        self, name: str, function: Callable[..., Any], /, *args: Any, shared: bool = False
    ) -> Any:
        assert not shared or _mark(function), f"step {name!r} is shared: it needs a @version"
        key = json.dumps([name, _mark(function), to_jsonable_python(args)], sort_keys=True)
        if key not in self._steps:
            value = function(*args)
            if inspect.isawaitable(value):
                value = await value
            self._steps[key] = json.dumps(to_jsonable_python(value))
            vars(self)["executed"].append(name)
        return json.loads(self._steps[key])

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
        del limit
        values = []
        for done, item in enumerate(items, start=1):
            values.append(await self.step(name, function, item, shared=shared))
            await self.progress(step=name, done=done, failed=0, total=len(items))
        return values

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
        del limit
        parts: list[Part[Any]] = []
        for index, item in enumerate(items):
            try:
                value = await self.step(name, function, item, shared=shared)
                parts.append(Part(index, value=value))
            except (Interrupted, LeaseLost):
                raise
            except Exception as error:
                parts.append(Part(index, failure=_failure(error)))
            failed = sum(part.failure is not None for part in parts)
            await self.progress(
                step=name, done=len(parts) - failed, failed=failed, total=len(items)
            )
        return parts

    @watched
    async def children(self, name: str, children: Sequence[Child]) -> list[ChildOutcome]:
        if self.on_child is None:
            raise NotRetryable("Give the fake context `on_child`: it says how children end.")
        if name not in self._children:
            self._children[name] = [self.on_child(child) for child in children]
        return self._children[name]

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
        vars(self)["reports"].append(Report(percent, step, done, failed, total))

    @watched
    async def log(self, message: str, **fields: Any) -> None:
        vars(self)["lines"].append((message, fields))

    @watched
    async def file(self, file_id: UUID | str) -> StoredFile:
        return self._files.find(file_id)

    @watched
    async def file_path(self, file_id: UUID | str) -> FileOnDisk:
        return self._files.on_disk(file_id)

    @watched
    async def put_file(self, name: str, media_type: str, content: bytes | Path) -> FileInfo:
        return self._files.put(self.job_id, name, media_type, content)

    @asynccontextmanager
    async def limit(self, pool: str, *, tokens: int = 0) -> AsyncIterator[Pass]:
        self.turns.append((pool, tokens))
        async with FreeRoad().hold(pool, Asker(), tokens=tokens) as held:
            yield held

    @watched
    async def chat(
        self,
        model: str | Sequence[str],
        messages: str | Sequence[Message],
        *,
        output: type[BaseModel] | None = None,
        max_tokens: int = MAX_TOKENS,
        temperature: float | None = None,
    ) -> Answer[Any]:
        if self.on_chat is None:
            raise NotRetryable("Give the fake context `on_chat`: it says what models answer.")
        chain = chain_of(model)
        turns = (Message("user", messages),) if isinstance(messages, str) else tuple(messages)
        request = ChatRequest(chain, turns, output, max_tokens, temperature)
        self.asked.append(request)
        value = self.on_chat(request)
        if output is not None and not isinstance(value, output):
            value = output.model_validate_json(value)
        text = value.model_dump_json() if isinstance(value, BaseModel) else str(value)
        self.add_usage(calls=1)
        provider, _, name = chain[0].partition(":")
        return Answer(value, text, ModelUsage(cost=0.0), name, provider)

    @watched
    async def embed(
        self, model: str | Sequence[str], texts: Sequence[str], *, dimensions: int | None = None
    ) -> Embeddings:
        if self.on_embed is None:
            raise NotRetryable("Give the fake context `on_embed`: it says what vectors texts have.")
        del dimensions
        vectors = tuple(tuple(one) for one in self.on_embed(texts))
        self.add_usage(calls=1)
        provider, _, name = (model if isinstance(model, str) else model[0]).partition(":")
        size = len(vectors[0]) if vectors else 0
        return Embeddings(vectors, name, provider, size, ModelUsage(cost=0.0))


@dataclass
class FakeBlockingContext(FakeJob):
    """For plain `def` handlers: the thin blocking face of `FakeContext`."""

    def __post_init__(self) -> None:
        self._context = FakeContext(**vars(self))

    def step(
        self, name: str, function: Callable[..., Any], /, *args: Any, shared: bool = False
    ) -> Any:
        return _finish(self._context.step(name, function, *args, shared=shared))

    def map(
        self, name: str, function: Callable[..., Any], items: Sequence[Any], **options: bool
    ) -> list[Any]:
        return _finish(self._context.map(name, function, items, **options))

    def map_partial(
        self, name: str, function: Callable[..., Any], items: Sequence[Any], **options: bool
    ) -> list[Part[Any]]:
        return _finish(self._context.map_partial(name, function, items, **options))

    def children(self, name: str, children: Sequence[Child]) -> list[ChildOutcome]:
        return _finish(self._context.children(name, children))

    def progress(
        self,
        percent: float | None = None,
        *,
        step: str | None = None,
        done: int | None = None,
        failed: int | None = None,
        total: int | None = None,
    ) -> None:
        _finish(self._context.progress(percent, step=step, done=done, failed=failed, total=total))

    def log(self, message: str, **fields: Any) -> None:
        _finish(self._context.log(message, **fields))

    def file(self, file_id: UUID | str) -> StoredFile:
        return self._files.find(file_id)

    def file_path(self, file_id: UUID | str) -> FileOnDisk:
        return self._files.on_disk(file_id)

    def put_file(self, name: str, media_type: str, content: bytes | Path) -> FileInfo:
        return self._files.put(self.job_id, name, media_type, content)

    @contextmanager
    def limit(self, pool: str, *, tokens: int = 0) -> Iterator[Pass]:
        turn = self._context.limit(pool, tokens=tokens)
        held = _finish(turn.__aenter__())
        try:
            yield held
        finally:
            _finish(turn.__aexit__(None, None, None))

    def chat(self, model: Any, messages: Any, **options: Any) -> Any:
        return _finish(self._context.chat(model, messages, **options))

    def embed(self, model: Any, texts: Any, *, dimensions: int | None = None) -> Embeddings:
        return _finish(self._context.embed(model, texts, dimensions=dimensions))


def _finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that has nothing to wait for: a plain function never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as finished:
        return finished.value  # type: ignore[no-any-return]
    coroutine.close()
    raise TypeError("a step of a plain handler takes a plain function")


def _mark(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__haulage_version__", ""))


def _failure(error: Exception) -> Failure:
    code = error.code if isinstance(error, HaulageError) else type(error).__name__
    return Failure(code, str(error))
