"""Contexts to try handlers with: no database, no broker, no worker.

    ctx = FakeBlockingContext()
    file = ctx.add_file(pdf_bytes, name="novel.pdf")
    result = rewrite_novel(RewriteInput(file=file.id), ctx)
    assert ctx.reports[-1].done == 3

Promises what a handler may rely on: a finished step is not run again, not by a second call and not
in a second attempt (`ctx.next_attempt()`); arguments and values go through JSON, as in the
database; files are found by their id. Does not retry, time out or cancel, and runs the items of a
`map` one after the other, so that a test sees the same order each time.
"""

import hashlib
import inspect
import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from haulage.domain.context import Child, ChildOutcome, Failure, Part, StoredFile
from haulage.domain.errors import HaulageError, Interrupted, LeaseLost, NotRetryable
from haulage.domain.ids import uuid7
from haulage.domain.language_model import (
    MAX_TOKENS,
    Answer,
    ChatRequest,
    Embeddings,
    Message,
    ModelUsage,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Report:
    """One call of `progress`; what was not said is None."""

    percent: float | None = None
    step: str | None = None
    done: int | None = None
    failed: int | None = None
    total: int | None = None


@dataclass(slots=True)
class Used:
    """The sum of all `add_usage` calls."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0


@dataclass
class _FakeJob:
    """The job behind a context, and everything its handler leaves behind.

    `executed` names the steps that really ran, in order; `lines` are the job's log.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    job_id: UUID = field(default_factory=uuid7)
    tenant: str = "default"
    attempt: int = 1
    max_attempts: int = 3
    time: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    reports: list[Report] = field(default_factory=list)
    lines: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    executed: list[str] = field(default_factory=list)
    used: Used = field(default_factory=Used)
    # How a child ends: takes what was spawned, gives its outcome. Each is asked once.
    on_child: Callable[[Child], ChildOutcome] | None = None
    # What a model answers: takes the request, gives a text or an instance of its `output`.
    on_chat: Callable[[ChatRequest], Any] | None = None
    # And the vectors for texts.
    on_embed: Callable[[Sequence[str]], Sequence[Sequence[float]]] | None = None
    asked: list[ChatRequest] = field(default_factory=list)
    _children: dict[str, list[ChildOutcome]] = field(default_factory=dict)
    _steps: dict[str, str] = field(default_factory=dict)
    _files: dict[UUID, StoredFile] = field(default_factory=dict)

    def add_file(
        self, content: bytes, *, name: str = "file", media_type: str = "application/octet-stream"
    ) -> StoredFile:
        """Upload a file; its `id` is what the handler's input takes."""
        sha256 = hashlib.sha256(content).hexdigest()
        file = StoredFile(uuid7(), name, media_type, len(content), sha256, content)
        self._files[file.id] = file
        return file

    def next_attempt(self) -> None:
        """Begin another attempt of the same job: steps and files stay."""
        self.attempt += 1

    def setting(self, name: str, default: Any) -> Any:
        return self.settings.get(name, default)

    def now(self) -> datetime:
        return self.time

    def add_usage(
        self,
        *,
        calls: int = 0,
        input_tokens: int = 0,
        output_tokens: int = 0,
        cost: float = 0.0,
    ) -> None:
        self.used.calls += calls
        self.used.input_tokens += input_tokens
        self.used.output_tokens += output_tokens
        self.used.cost += cost


class FakeContext(_FakeJob):
    """For `async def` handlers; see the module."""

    async def step(self, name: str, function: Callable[..., Any], /, *args: Any) -> Any:
        key = json.dumps([name, _mark(function), to_jsonable_python(args)], sort_keys=True)
        if key not in self._steps:
            value = function(*args)
            if inspect.isawaitable(value):
                value = await value
            self._steps[key] = json.dumps(to_jsonable_python(value))
            self.executed.append(name)
        return json.loads(self._steps[key])

    async def map(
        self, name: str, function: Callable[..., Any], items: Sequence[Any], *, limit: int = 5
    ) -> list[Any]:
        del limit
        values = []
        for done, item in enumerate(items, start=1):
            values.append(await self.step(name, function, item))
            await self.progress(step=name, done=done, failed=0, total=len(items))
        return values

    async def map_partial(
        self, name: str, function: Callable[..., Any], items: Sequence[Any], *, limit: int = 5
    ) -> list[Part[Any]]:
        del limit
        parts: list[Part[Any]] = []
        for index, item in enumerate(items):
            try:
                parts.append(Part(index, value=await self.step(name, function, item)))
            except (Interrupted, LeaseLost):
                raise
            except Exception as error:
                parts.append(Part(index, failure=_failure(error)))
            failed = sum(part.failure is not None for part in parts)
            await self.progress(
                step=name, done=len(parts) - failed, failed=failed, total=len(items)
            )
        return parts

    async def children(self, name: str, children: Sequence[Child]) -> list[ChildOutcome]:
        if self.on_child is None:
            raise NotRetryable("Give the fake context `on_child`: it says how children end.")
        if name not in self._children:
            self._children[name] = [self.on_child(child) for child in children]
        return self._children[name]

    async def progress(
        self,
        percent: float | None = None,
        *,
        step: str | None = None,
        done: int | None = None,
        failed: int | None = None,
        total: int | None = None,
    ) -> None:
        self.reports.append(Report(percent, step, done, failed, total))

    async def log(self, message: str, **fields: Any) -> None:
        self.lines.append((message, fields))

    async def file(self, file_id: UUID | str) -> StoredFile:
        try:
            return self._files[UUID(str(file_id))]
        except (KeyError, ValueError):
            raise NotRetryable(f"There is no file {file_id}.", code="not_found") from None

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
        chain = (model,) if isinstance(model, str) else tuple(model)
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
class FakeBlockingContext(_FakeJob):
    """For plain `def` handlers: the thin blocking face of `FakeContext`."""

    def __post_init__(self) -> None:
        self._context = FakeContext(**vars(self))

    def step(self, name: str, function: Callable[..., Any], /, *args: Any) -> Any:
        return _finish(self._context.step(name, function, *args))

    def map(self, name: str, function: Callable[..., Any], items: Sequence[Any]) -> list[Any]:
        return _finish(self._context.map(name, function, items))

    def map_partial(
        self, name: str, function: Callable[..., Any], items: Sequence[Any]
    ) -> list[Part[Any]]:
        return _finish(self._context.map_partial(name, function, items))

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
        return _finish(self._context.file(file_id))

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
