"""A job's calls of language models: what it asks goes to the models, what they used to the job."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from haulage.domain.errors import Snoozed
from haulage.domain.language_model import (
    MAX_TOKENS,
    Answer,
    Caller,
    ChatRequest,
    Choice,
    Embeddings,
    Message,
    Models,
    ModelUsage,
)
from haulage.domain.ports import Pass
from haulage.engine.parking import Frame

if TYPE_CHECKING:
    from haulage.engine.context import RunContext

T = TypeVar("T")


class ModelCalls:
    """One attempt's."""

    def __init__(self, context: "RunContext", models: Models) -> None:
        self._context = context
        self._models = models
        self._caller = Caller(
            context.tenant,
            spend=self._spend,
            user=context.lease.caller.user or "",
            key=context.lease.caller.key or "",
            say=context.reports.log,
        )
        self._said_unpriced = False

    def choose(self, model: str | Sequence[str] | None) -> Choice:
        """See `domain.context.JobInfo.models_for`."""
        return self._models.choose(() if model is None else named(model))

    async def chat(
        self,
        model: str | Sequence[str],
        messages: str | Sequence[Message],
        *,
        output: type[BaseModel] | None = None,
        max_tokens: int = MAX_TOKENS,
        temperature: float | None = None,
    ) -> Answer[Any]:
        """See `domain.context.Context.chat`."""
        turns = (Message("user", messages),) if isinstance(messages, str) else tuple(messages)
        request = ChatRequest(named(model), turns, output, max_tokens, temperature)
        return await self._patiently(lambda caller: self._models.chat(request, caller=caller))

    async def embed(
        self, model: str | Sequence[str], texts: Sequence[str], *, dimensions: int | None
    ) -> Embeddings:
        """See `domain.context.Context.embed`."""
        return await self._patiently(
            lambda caller: self._models.embed(named(model), texts, dimensions, caller=caller)
        )

    @asynccontextmanager
    async def limit(self, pool: str, *, tokens: int) -> AsyncIterator[Pass]:
        """See `domain.turns.Turns.limit`."""
        traffic = self._context.services.traffic
        async with AsyncExitStack() as held:

            async def taken(caller: Caller) -> Pass:
                asker = caller.asker("")
                async with AsyncExitStack() as turn:
                    hold = traffic.hold(pool, asker, tokens=tokens, ticket=caller.ticket)
                    passing = await turn.enter_async_context(hold)
                    await passing.depart()
                    await held.enter_async_context(turn.pop_all())
                return passing

            yield await self._patiently(taken)

    async def _patiently(self, ask: Callable[[Caller], Awaitable[T]]) -> T:
        """The answer. Who must wait for long parks the job, once the steps beside it are over; who
        has waited for those until its moment came asks again, in its own place."""
        parking = self._context.parking
        caller = replace(self._caller, ticket=self._ticket(parking.frame))
        while True:
            try:
                return await ask(caller)
            except Snoozed as error:
                if (parks := await parking.stand_back(error)) is not None:
                    raise parks from None

    def _ticket(self, frame: Frame) -> str:
        """The same for the same question of the same step in each attempt of a run."""
        frame.asked += 1
        lease = self._context.lease
        step = hashlib.sha256(frame.key.encode()).hexdigest()[:12] if frame.key else "handler"
        return f"{lease.job_id}.{lease.run}.{step}.{frame.asked}"

    def _spend(self, usage: ModelUsage) -> None:
        self._context.add_usage(
            calls=usage.calls,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost=usage.cost or 0.0,
        )
        if usage.cost is None and not self._said_unpriced:
            self._said_unpriced = True
            self._context.reports.log(
                "No price is known for a model this job calls; the job's cost leaves it out.", {}
            )


def named(model: str | Sequence[str]) -> tuple[str, ...]:
    """One model or a chain of them, as a chain."""
    return (model,) if isinstance(model, str) else tuple(model)
