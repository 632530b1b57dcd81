"""What a call has used: what the provider says, where that can be; our own count where it cannot.

A paid answer is never thrown away because its bill is odd. A claim that cannot be (negative, not a
number, more tokens than bytes were sent or than `max_tokens` allows) is replaced by an estimate,
the usage is marked `estimated`, and a line in the log says so.
"""

import math
from collections.abc import Callable
from typing import Any

from haulage.domain.language_model import ModelUsage
from haulage.providers.adapter import ChatCall, ChatReply, EmbedCall, EmbedReply
from haulage.telemetry import logs

log = logs.get(__name__)

Price = Callable[[str, str, int, int], float | None]

# In prose of European languages a token is about four bytes; three leaves room.
BYTES_PER_TOKEN = 3
# What a provider may add to a prompt: the turns' marks, a system text of its own.
HIDDEN_TOKENS = 4_096
MARKS_PER_MESSAGE = 32
# What a page's picture counts as: tiles of some hundred tokens each, by every vendor's own rule.
TOKENS_PER_PICTURE = 2_000
MOST_TOKENS_PER_PICTURE = 50_000
MAX_COST = 1_000.0


def estimated_tokens(call: ChatCall) -> int:
    """What a chat call may use, input and output: what is reserved for it."""
    return _tokens(_size_of(call)) + TOKENS_PER_PICTURE * _pictures_of(call) + call.max_tokens


def estimated_embed_tokens(call: EmbedCall) -> int:
    """What a call for vectors may use."""
    return sum(_tokens(len(text.encode())) for text in call.texts)


def chat_usage(
    provider: str, call: ChatCall, reply: ChatReply, *, price: Price, free: bool
) -> ModelUsage:
    """The usage of an answered chat call."""
    size = _size_of(call)
    seen = _pictures_of(call)
    most_in = size + HIDDEN_TOKENS + MOST_TOKENS_PER_PICTURE * seen
    # Reasoning models overrun a little, and some servers count the end mark.
    most_out = call.max_tokens + call.max_tokens // 20 + 64
    given_in = _count(reply.claimed.input_tokens, most_in)
    given_out = _count(reply.claimed.output_tokens, most_out)
    assumed = _tokens(size) + TOKENS_PER_PICTURE * seen
    spent_in = assumed if given_in is None else given_in
    spent_out = _tokens(len(reply.text.encode())) if given_out is None else given_out
    estimated = given_in is None or given_out is None
    return _priced(provider, call.model, spent_in, spent_out, reply.claimed, price, free, estimated)


def embed_usage(
    provider: str, call: EmbedCall, reply: EmbedReply, *, price: Price, free: bool
) -> ModelUsage:
    """The usage of an answered call for vectors."""
    size = sum(len(text.encode()) for text in call.texts)
    given = _count(reply.claimed.input_tokens, size + MARKS_PER_MESSAGE * len(call.texts))
    spent = _tokens(size) if given is None else given
    return _priced(provider, call.model, spent, 0, reply.claimed, price, free, given is None)


def _priced(
    provider: str,
    model: str,
    spent_in: int,
    spent_out: int,
    claimed: Any,
    price: Price,
    free: bool,
    estimated: bool,
) -> ModelUsage:
    said = (claimed.input_tokens, claimed.output_tokens)
    if estimated and any(one is not None for one in said):
        log.warning("provider.usage_disbelieved", provider=provider, model=model)
    if free:
        cost: float | None = 0.0
    else:
        cost = _cost(claimed.cost)
        if cost is None:
            cost = price(provider, model, spent_in, spent_out)
    return ModelUsage(1, spent_in, spent_out, cost, estimated)


def _size_of(call: ChatCall) -> int:
    said = sum(len(one.content.encode()) + MARKS_PER_MESSAGE for one in call.messages)
    return said + (len(str(call.schema.document)) if call.schema else 0)


def _pictures_of(call: ChatCall) -> int:
    return sum(len(one.pictures) for one in call.messages)


def _tokens(size_bytes: int) -> int:
    return -(-size_bytes // BYTES_PER_TOKEN)


def _count(claim: Any, most: int) -> int | None:
    """A number of tokens that can be, or None."""
    if isinstance(claim, bool) or not isinstance(claim, int) or not 0 <= claim <= most:
        return None
    return claim


def _cost(claim: Any) -> float | None:
    if isinstance(claim, bool) or not isinstance(claim, int | float):
        return None
    return float(claim) if math.isfinite(claim) and 0 <= claim <= MAX_COST else None
