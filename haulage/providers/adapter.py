"""What the gateway asks of a provider's adapter.

An adapter speaks its vendor's language and nothing else: no retries, no limits, no prices. It
raises the errors of `domain/provider_errors.py` only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from haulage.domain.language_model import Message
from haulage.domain.ports import FreePass, RoadPass

Say = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Schema:
    """The JSON schema an answer must fit; `strict`: it keeps to what OpenAI's strict mode takes."""

    name: str
    document: Mapping[str, Any]
    strict: bool


@dataclass(frozen=True, slots=True)
class ChatCall:
    """One call of one model. `road` says when it may go and hears the headers of the answer, `say`
    what takes long."""

    model: str
    messages: Sequence[Message]
    max_tokens: int
    schema: Schema | None = None
    temperature: float | None = None
    road: RoadPass = field(default_factory=FreePass)
    say: Say = lambda _message, _fields: None


@dataclass(frozen=True, slots=True)
class EmbedCall:
    """One call for vectors of `texts`; no more of them than the adapter's `batch` allows."""

    model: str
    texts: Sequence[str]
    dimensions: int | None = None
    road: RoadPass = field(default_factory=FreePass)
    say: Say = lambda _message, _fields: None


@dataclass(frozen=True, slots=True)
class Claimed:
    """What the provider says a call has used; as it said it, believed or not."""

    input_tokens: Any = None
    output_tokens: Any = None
    cost: Any = None


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What the model said. `cut`: it was ended by the limit of tokens; `declined`: it, or a filter
    before it, would not answer."""

    text: str
    claimed: Claimed = field(default_factory=Claimed)
    cut: bool = False
    declined: bool = False


@dataclass(frozen=True, slots=True)
class EmbedReply:
    """A vector for each text; `mock`: random numbers."""

    vectors: Sequence[Sequence[float]]
    claimed: Claimed = field(default_factory=Claimed)
    mock: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call for vectors may carry: so many texts, so many bytes of them together, and
    `text_bytes` of each, what its model reads of one."""

    texts: int
    size_bytes: int
    text_bytes: int


class Adapter(Protocol):
    """One provider. `free`: what it does costs nothing; `batch`: what a call may carry."""

    free: bool
    batch: Batch

    async def chat(self, call: ChatCall) -> ChatReply:
        """Ask once."""
        ...

    async def embed(self, call: EmbedCall) -> EmbedReply:
        """Ask once."""
        ...

    async def close(self) -> None:
        """End what goes on beside the calls."""
        ...
