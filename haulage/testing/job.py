"""The job behind a fake context: what a test says of it, and what a handler leaves behind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from haulage.domain.context import Child, ChildOutcome
from haulage.domain.files import StoredFile
from haulage.domain.ids import uuid7
from haulage.domain.job import Usage
from haulage.domain.language_model import ALIASES, LOCAL, ChatRequest, Choice
from haulage.testing.files import FakeFiles


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
class FakeJob:
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
    # Turns at pools that it took: the pool, and the tokens it asked for.
    turns: list[tuple[str, int]] = field(default_factory=list)
    _children: dict[str, list[ChildOutcome]] = field(default_factory=dict)
    _steps: dict[str, str] = field(default_factory=dict)
    _files: FakeFiles = field(default_factory=FakeFiles)

    @property
    def made(self) -> list[StoredFile]:
        """What the handler has stored with `put_file`, in order."""
        return self._files.made

    def add_file(
        self, content: bytes, *, name: str = "file", media_type: str = "application/octet-stream"
    ) -> StoredFile:
        """Upload a file; its `id` is what the handler's input takes."""
        return self._files.add(uuid7(), name, media_type, content)

    def next_attempt(self) -> None:
        """Begin another attempt of the same job: steps and files stay."""
        self.attempt += 1

    def setting(self, name: str, default: Any) -> Any:
        return self.settings.get(name, default)

    def models_for(self, model: str | Sequence[str] | None = None) -> Choice:
        """With `on_chat` an alias stands for a `fake:` model of its name; else for none."""
        names = ALIASES[:1] if model is None else chain_of(model)
        models = tuple(
            f"fake:{name}" if name in ALIASES else name
            for name in names
            if name != LOCAL and (name not in ALIASES or self.on_chat is not None)
        )
        return Choice(models, LOCAL in names or not models)

    @property
    def usage(self) -> Usage:
        """The same sum, as handlers see it."""
        used = self.used
        return Usage(used.calls, used.input_tokens, used.output_tokens, used.cost)

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


def chain_of(model: str | Sequence[str]) -> tuple[str, ...]:
    """One model or several, as several."""
    return (model,) if isinstance(model, str) else tuple(model)
