"""What a handler may ask of the engine while it runs.

`Context` is for `async def` handlers. `BlockingContext` is its thin blocking face for plain `def`
handlers on the cpu pool: the same methods without `await`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar, overload
from uuid import UUID

from pydantic import BaseModel

from haulage.domain.files import BlockingFiles, Files
from haulage.domain.job import Usage
from haulage.domain.language_model import MAX_TOKENS, Answer, Choice, Embeddings, Message
from haulage.domain.turns import BlockingTurns, Turns

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one item of a `map` has no value."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """One item of a `map` with `partial`: a value, or the failure that took its place."""

    index: int
    value: T | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Child:
    """A job to spawn: its type and input; the queue and the limits are its type's."""

    type: str
    input: Any
    max_attempts: int | None = None


@dataclass(frozen=True, slots=True)
class ChildOutcome:
    """How a child ended: `state` is succeeded, failed or cancelled; `result` as JSON gave it."""

    job_id: UUID
    state: str
    result: Any = None
    error: dict[str, object] | None = None

    @property
    def succeeded(self) -> bool:
        """Whether there is a result."""
        return self.state == "succeeded"


class JobInfo(Protocol):
    """What a handler may know about its own job."""

    @property
    def job_id(self) -> UUID: ...
    @property
    def attempt(self) -> int: ...
    @property
    def max_attempts(self) -> int: ...
    @property
    def tenant(self) -> str: ...
    @property
    def usage(self) -> Usage:
        """What the job has used so far, in earlier attempts too."""
        ...

    def setting(self, name: str, default: Any) -> Any:
        """A handler's own setting, from `HAULAGE_HANDLER_<NAME>`, read as `default`'s type."""
        ...

    def models_for(self, model: str | Sequence[str] | None = None) -> Choice:
        """What to do a piece of work with: the models that `model` stands for here, in turn, or the
        job type's own way without one (`local`). None: `balanced`. Raises `UnsupportedModel`."""
        ...

    def now(self) -> datetime:
        """The time that the whole installation agrees on."""
        ...

    def add_usage(
        self,
        *,
        calls: int = 0,
        input_tokens: int = 0,
        output_tokens: int = 0,
        cost: float = 0.0,
    ) -> None:
        """Add to what this job has used; `cost` in US dollars. Kept with the next write."""
        ...


class Context(JobInfo, Files, Turns, Protocol):
    """The face for `async def` handlers."""

    async def step(
        self, name: str, function: Callable[..., Any], /, *args: Any, shared: bool = False
    ) -> Any:
        """Run `function(*args)` once in the job's life and remember its value.

        A finished step is never run again, in this attempt or a later one: its stored value is
        returned. A step is known by `name`, the arguments and the code's version mark (`@version`);
        values and arguments must be JSON-serialisable or pydantic models. `function` may be async.
        `shared`: other jobs of this type and tenant take the value too, for as long as it is kept;
        the function needs a version mark, and all it depends on must be in its arguments.
        Raises what `function` raises, and `LeaseLost` when this attempt may no longer write.
        """
        ...

    async def map(
        self,
        name: str,
        function: Callable[..., Any],
        items: Sequence[Any],
        *,
        limit: int = 5,
        shared: bool = False,
    ) -> list[Any]:
        """`step` for every item, at most `limit` at once, reporting progress; values in order.

        The first error ends the map after the items under way; what is finished stays finished.
        """
        ...

    async def map_partial(
        self,
        name: str,
        function: Callable[..., Any],
        items: Sequence[Any],
        *,
        limit: int = 5,
        shared: bool = False,
    ) -> list[Part[Any]]:
        """Like `map`, but an item that fails for good yields a `Part` with its failure."""
        ...

    async def children(self, name: str, children: Sequence[Child]) -> list[ChildOutcome]:
        """Run `children` as jobs of their own and wait for all of them without holding a slot.

        The handler ends here and starts again from its beginning when the last child is over; what
        it did before must be in steps. Outcomes come in order; what a failed child means is the
        handler's choice. A cancel of this job reaches them; a redrive runs again only those that
        did not succeed. Not inside a step. Raises `InvalidInput` when an input does not fit.
        A progress whose `step` is `name`, with a `total`, counts those that are over.
        """
        ...

    async def progress(
        self,
        percent: float | None = None,
        *,
        step: str | None = None,
        done: int | None = None,
        failed: int | None = None,
        total: int | None = None,
    ) -> None:
        """Report how far the job is. Cheap: reports are merged and written in batches."""
        ...

    async def log(self, message: str, **fields: Any) -> None:
        """Add a line to the job's own log, readable at `/jobs/{id}/logs`."""
        ...

    @overload
    async def chat(
        self,
        model: str | Sequence[str],
        messages: str | Sequence[Message],
        *,
        max_tokens: int = MAX_TOKENS,
        temperature: float | None = None,
    ) -> Answer[str]: ...
    @overload
    async def chat(
        self,
        model: str | Sequence[str],
        messages: str | Sequence[Message],
        *,
        output: type[M],
        max_tokens: int = MAX_TOKENS,
        temperature: float | None = None,
    ) -> Answer[M]: ...
    async def chat(self, model: Any, messages: Any, **options: Any) -> Any:
        """Ask a language model, `provider:model`, or a chain of them: the first that answers.

        With `output` the answer is an instance of it. Waits for its turn under the limits; a long
        wait ends the attempt until then and burns none. What it used is added to the job's usage.
        Paid: call it in a step. Raises what `domain/provider_errors.py` draws.
        """
        ...

    async def embed(
        self, model: str | Sequence[str], texts: Sequence[str], *, dimensions: int | None = None
    ) -> Embeddings:
        """A vector for each text, by one model; see `chat`. Known vectors cost nothing."""
        ...


class BlockingContext(JobInfo, BlockingFiles, BlockingTurns, Protocol):
    """The face for plain `def` handlers; every method blocks until it is done."""

    def step(
        self, name: str, function: Callable[..., Any], /, *args: Any, shared: bool = False
    ) -> Any:
        """See `Context.step`. `function` is plain and runs in the calling thread."""
        ...

    def map(
        self,
        name: str,
        function: Callable[..., Any],
        items: Sequence[Any],
        *,
        shared: bool = False,
    ) -> list[Any]:
        """See `Context.map`; one item after the other."""
        ...

    def map_partial(
        self,
        name: str,
        function: Callable[..., Any],
        items: Sequence[Any],
        *,
        shared: bool = False,
    ) -> list[Part[Any]]:
        """See `Context.map_partial`; one item after the other."""
        ...

    def children(self, name: str, children: Sequence[Child]) -> list[ChildOutcome]:
        """See `Context.children`."""
        ...

    def progress(
        self,
        percent: float | None = None,
        *,
        step: str | None = None,
        done: int | None = None,
        failed: int | None = None,
        total: int | None = None,
    ) -> None:
        """See `Context.progress`."""
        ...

    def log(self, message: str, **fields: Any) -> None:
        """See `Context.log`."""
        ...

    @overload
    def chat(
        self,
        model: str | Sequence[str],
        messages: str | Sequence[Message],
        *,
        max_tokens: int = MAX_TOKENS,
        temperature: float | None = None,
    ) -> Answer[str]: ...
    @overload
    def chat(
        self,
        model: str | Sequence[str],
        messages: str | Sequence[Message],
        *,
        output: type[M],
        max_tokens: int = MAX_TOKENS,
        temperature: float | None = None,
    ) -> Answer[M]: ...
    def chat(self, model: Any, messages: Any, **options: Any) -> Any:
        """See `Context.chat`."""
        ...

    def embed(
        self, model: str | Sequence[str], texts: Sequence[str], *, dimensions: int | None = None
    ) -> Embeddings:
        """See `Context.embed`."""
        ...


def version(mark: str) -> Callable[[T], T]:
    """Mark a step function's code version: another mark makes its stored values stale."""

    def decorate(function: T) -> T:
        function.__haulage_version__ = mark  # type: ignore[attr-defined]
        return function

    return decorate
