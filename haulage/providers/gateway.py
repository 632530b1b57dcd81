"""All providers behind one face: `Models` of `domain/language_model.py`.

Each call of a model, a repeated and a repairing one too, takes a pass of its own from the traffic,
is settled with what it really used, counted, and told to the caller. What a call has used counts
also when its answer is of no use.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from haulage.domain.errors import HaulageError, InvalidInput
from haulage.domain.language_model import (
    NOTHING,
    Answer,
    Caller,
    ChatRequest,
    Choice,
    Embeddings,
    Message,
    ModelUsage,
)
from haulage.domain.ports import Forgetful, Traffic, UsageLedger, VectorCache
from haulage.domain.provider_errors import BadOutput, OutputCut, ProviderRefused
from haulage.providers.adapter import Adapter, ChatCall, ChatReply
from haulage.providers.call_spans import call_span, tell_usage
from haulage.providers.chain import Patience, first_answer
from haulage.providers.embedding import Embedder
from haulage.providers.metering import Price, chat_usage, estimated_tokens
from haulage.providers.meters import meters_of
from haulage.providers.prices import price_of
from haulage.providers.route import Hop, Route
from haulage.providers.structure import parse, schema_of

REPAIRS = 1


class Gateway:
    """`adapters` by the name that stands before the colon."""

    def __init__(
        self,
        adapters: Mapping[str, Adapter],
        *,
        route: Route,
        traffic: Traffic,
        ledger: UsageLedger,
        patience: Patience,
        random: Random,
        cache: VectorCache | None = None,
        price: Price = price_of,
    ) -> None:
        self._adapters = adapters
        self._route = route
        self._traffic = traffic
        self._ledger = ledger
        self._patience = patience
        self._random = random
        self._price = price
        held = Forgetful() if cache is None else cache
        self._embedder = Embedder(adapters, traffic, ledger, held, price)

    def choose(self, names: Sequence[str]) -> Choice:
        """See `Models.choose`."""
        return self._route.choose(names)

    async def chat(self, request: ChatRequest, *, caller: Caller) -> Answer[Any]:
        """See `Models.chat`."""
        if not request.messages or request.max_tokens < 1:
            raise InvalidInput("A model needs at least one message and one token to answer with.")
        return await first_answer(
            self._route.hops(request.models),
            lambda hop: self._answer(hop, request, caller),
            patience=self._patience,
            random=self._random,
            leave=lambda hop: self._leave(hop, caller),
        )

    async def embed(
        self, models: Sequence[str], texts: Sequence[str], dimensions: int | None, *, caller: Caller
    ) -> Embeddings:
        """See `Models.embed`."""
        return await first_answer(
            self._route.hops(models),
            lambda hop: self._embedder.embed(hop, texts, dimensions, caller),
            patience=self._patience,
            random=self._random,
        )

    async def close(self) -> None:
        """End what is under way for several jobs; the adapters are closed by who made them."""
        await self._embedder.close()

    def _leave(self, hop: Hop, caller: Caller) -> None:
        if caller.ticket is not None:
            self._traffic.leave(hop.provider, caller.asker(hop.model), ticket=caller.ticket)

    async def _answer(self, hop: Hop, request: ChatRequest, caller: Caller) -> Answer[Any]:
        """One hop's answer; one that does not fit is asked for once more."""
        call = ChatCall(
            hop.model,
            request.messages,
            request.max_tokens,
            schema=schema_of(request.output) if request.output else None,
            temperature=request.temperature,
            say=caller.say,
        )
        total = NOTHING
        for repair in range(REPAIRS + 1):
            reply, usage = await self._call(hop, call, caller)
            total += usage
            if reply.declined:
                raise ProviderRefused(f"{hop} declined to answer.", code="model_declined")
            try:
                value = parse(request.output, reply.text) if request.output else reply.text
            except BadOutput as error:
                if reply.cut:
                    raise OutputCut(
                        f"The answer was cut at max_tokens={call.max_tokens} and can't be read. "
                        "Ask for less, or allow more tokens."
                    ) from None
                if repair == REPAIRS:
                    raise
                call = _repairing(call, reply, error)
            else:
                return Answer(value, reply.text, total, hop.model, hop.provider, cut=reply.cut)
        raise AssertionError("unreachable")

    async def _call(self, hop: Hop, call: ChatCall, caller: Caller) -> tuple[ChatReply, ModelUsage]:
        """One call: pass, answer, bill."""
        adapter = self._adapters[hop.provider]
        meters = meters_of(hop.provider)
        async with self._traffic.hold(
            hop.provider,
            caller.asker(hop.model),
            tokens=estimated_tokens(call),
            ticket=caller.ticket,
        ) as held:
            started = time.perf_counter()
            with call_span("chat", hop, most_tokens=call.max_tokens) as span:
                try:
                    reply = await adapter.chat(replace(call, road=held))
                except HaulageError as error:
                    meters.failed(hop.model, error.code)
                    raise
                usage = chat_usage(hop.provider, call, reply, price=self._price, free=adapter.free)
                tell_usage(span, usage)
            held.settle(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)
        meters.answered(hop.model, usage, time.perf_counter() - started)
        self._ledger.add(tenant=caller.tenant, provider=hop.provider, model=hop.model, usage=usage)
        caller.spend(usage)
        return reply, usage


def _repairing(call: ChatCall, reply: ChatReply, error: BadOutput) -> ChatCall:
    """The same question once more, with the answer and what does not fit about it."""
    more = (
        Message("assistant", reply.text),
        Message("user", f"{error} Answer again, with JSON alone that fits the schema."),
    )
    return replace(call, messages=(*call.messages, *more))
