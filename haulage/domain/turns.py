"""How handlers take their turn at a service of their own, under limits such as models have."""

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Protocol

from haulage.domain.ports import Pass


class Turns(Protocol):
    """For `async def` handlers."""

    def limit(self, pool: str, *, tokens: int = 0) -> AbstractAsyncContextManager[Pass]:
        """Around one call of a service: waits until `pool`'s limits let it through, and holds it.

            async with ctx.limit("maps") as turn:
                answer = await client.get(url)

        `pool` is set in `haulage.toml` or over HTTP; one that nobody set lets everything through.
        A long wait ends the attempt until then and burns none, so what was done before belongs in
        steps. Inside, `RateLimited` slows the pool down, `ProviderUnavailable` counts for its
        circuit breaker; `turn.settle` says what was used of `tokens`, else all of them are.
        """
        ...


class BlockingTurns(Protocol):
    """For plain `def` handlers."""

    def limit(self, pool: str, *, tokens: int = 0) -> AbstractContextManager[Pass]:
        """See `Turns.limit`."""
        ...
