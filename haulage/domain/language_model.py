"""What a job may ask of a language model, and what it gets.

A model is named `provider:model`. A list of names is a chain: the next one is asked when the one
before it did not answer.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, Field, StringConstraints

from haulage.domain.limits import Asker
from haulage.domain.provider_errors import UnsupportedModel

T = TypeVar("T")
Vector = tuple[float, ...]
Role = Literal["system", "user", "assistant"]

MAX_TOKENS = 1024
# What stands in a chain for a job type's own way, which needs no model.
LOCAL = "local"
# What an installation means by a model of this kind is a setting.
ALIASES = ("balanced", "quality", "speed")
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
# As the input of a job type: one, several in turn, or whatever the installation has.
ModelNames = ModelName | Annotated[list[ModelName], Field(min_length=1, max_length=10)] | None
UNWIRED = "No models are wired into this process; jobs that call one run on workers."


@dataclass(frozen=True, slots=True)
class Picture:
    """An image to look at: a PNG or JPEG file's bytes."""

    media_type: Literal["image/png", "image/jpeg"]
    content: bytes = field(repr=False)

    @property
    def base64(self) -> str:
        """As the providers take it."""
        return b64encode(self.content).decode("ascii")


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation; `pictures` go with a user's, for models that see."""

    role: Role
    content: str
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelUsage:
    """What calls of a model have used. `cost` in US dollars, None where no price is known;
    `estimated`: the provider did not say, or what it said cannot be."""

    calls: int = 1
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    estimated: bool = False

    def __add__(self, other: "ModelUsage") -> "ModelUsage":
        known = self.cost is not None and other.cost is not None
        return ModelUsage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            (self.cost or 0.0) + (other.cost or 0.0) if known else None,
            self.estimated or other.estimated,
        )


NOTHING = ModelUsage(calls=0, cost=0.0)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A question to the first of `models` that answers. With `output` the answer must fit it."""

    models: tuple[str, ...]
    messages: tuple[Message, ...]
    output: type[BaseModel] | None = None
    max_tokens: int = MAX_TOKENS
    temperature: float | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What does a piece of work: `models` in turn, each `provider:model`; and, where none of them
    answers, what needs no model, if `local`. One of both there always is."""

    models: tuple[str, ...] = ()
    local: bool = False


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """`value` is an instance of the request's `output`, or the text where none was asked for.

    `usage` counts what this answer took, a repaired first draft included; `cut`: the text ends
    where `max_tokens` ended it.
    """

    value: T
    text: str
    usage: ModelUsage
    model: str
    provider: str
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Embeddings:
    """One vector for each text, in order. `mock`: random numbers, there is no key.

    `cached` of them were known already and cost nothing.
    """

    vectors: tuple[Vector, ...]
    model: str
    provider: str
    dimensions: int
    usage: ModelUsage
    mock: bool = False
    cached: int = 0


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `spend` hears of every answered call, also of one whose answer was of no use;
    `say` of what takes long or is odd, for the job's log. `ticket` is the same whenever the same
    question is asked again: a place in line is kept under it."""

    tenant: str
    spend: Callable[[ModelUsage], None] = lambda _usage: None
    say: Callable[[str, dict[str, Any]], None] = lambda _message, _fields: None
    user: str = ""
    key: str = ""
    ticket: str | None = None

    def asker(self, model: str) -> Asker:
        """As limits know it."""
        return Asker(self.tenant, model, self.user, self.key)


class Models(Protocol):
    """All models of all providers."""

    def choose(self, names: Sequence[str]) -> Choice:
        """What `names` stand for here; for none, `balanced`. Raises `UnsupportedModel`."""
        ...

    async def chat(self, request: ChatRequest, *, caller: Caller) -> Answer[Any]:
        """The first answer along the chain; raises what `provider_errors` draws, or `Snoozed`."""
        ...

    async def embed(
        self, models: Sequence[str], texts: Sequence[str], dimensions: int | None, *, caller: Caller
    ) -> Embeddings:
        """A vector for each text, all by one model; raises as `chat` does."""
        ...


class NoModels:
    """For processes that run no jobs, and so call no model."""

    def choose(self, names: Sequence[str]) -> Choice:
        del names
        return Choice(local=True)

    async def chat(self, request: ChatRequest, *, caller: Caller) -> Answer[Any]:
        del request, caller
        raise UnsupportedModel(UNWIRED)

    async def embed(
        self, models: Sequence[str], texts: Sequence[str], dimensions: int | None, *, caller: Caller
    ) -> Embeddings:
        del models, texts, dimensions, caller
        raise UnsupportedModel(UNWIRED)
