"""A job's calls of language models: what it asks goes to the models, what they used to the job."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from haulage.domain.language_model import (
    MAX_TOKENS,
    Answer,
    Caller,
    ChatRequest,
    Embeddings,
    Message,
    Models,
    ModelUsage,
)

if TYPE_CHECKING:
    from haulage.engine.context import RunContext


class ModelCalls:
    """One attempt's."""

    def __init__(self, context: "RunContext", models: Models) -> None:
        self._context = context
        self._models = models
        self._caller = Caller(context.tenant, spend=self._spend, say=context.reports.log)
        self._said_unpriced = False

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
        return await self._models.chat(request, caller=self._caller)

    async def embed(
        self, model: str | Sequence[str], texts: Sequence[str], *, dimensions: int | None
    ) -> Embeddings:
        """See `domain.context.Context.embed`."""
        return await self._models.embed(named(model), texts, dimensions, caller=self._caller)

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
