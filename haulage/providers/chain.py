"""A chain of models: who is asked next, when the whole chain is tried again, when a job parks.

The first model that answers wins. What `FALLS_THROUGH` names lets the next one try at once; a
request that is refused, or any unknown error, ends the chain. When no model answered and some
failed for a while only, the chain waits (row B7: 2, 4, 8 s with jitter, longer when a provider asks
for it) and those are asked again. A limit or an open breaker that parks the job has weighed the
wait already: nothing here waits for it. What a provider asks for beyond `patience_s` is not spent
in the job's slot either; neither burns an attempt.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import TypeVar

from haulage.domain.backoff import Backoff
from haulage.domain.errors import JobError, Retryable, Snoozed
from haulage.domain.holdup import Holdup, HoldupKind
from haulage.domain.provider_errors import FALLS_THROUGH, RateLimited
from haulage.providers.route import Hop
from haulage.telemetry import logs

log = logs.get(__name__)

R = TypeVar("R")


@dataclass(frozen=True)
class Patience:
    """How often a chain is tried again, and how long it may wait for that."""

    retries: int = 3
    backoff: Backoff = field(default_factory=Backoff)
    patience_s: float = 30.0


async def first_answer(
    hops: Sequence[Hop],
    ask: Callable[[Hop], Awaitable[R]],
    *,
    patience: Patience,
    random: Random,
    leave: Callable[[Hop], None] = lambda _hop: None,
) -> R:
    """The first answer along `hops`; raises the most hopeful of the errors. `leave` is told of each
    hop that has a place in line for nothing, because another one answered."""
    left = list(hops)
    parked: set[Hop] = set()
    for tried in count(1):
        failed: dict[Hop, JobError] = {}
        for hop in left:
            try:
                answer = await ask(hop)
            except (*FALLS_THROUGH, Snoozed) as error:
                if isinstance(error, Snoozed):
                    parked.add(hop)
                failed[hop] = error
                log.info("provider.failed", provider=hop.provider, model=hop.model, code=error.code)
            else:
                for other in parked - {hop}:
                    leave(other)
                return answer
        left = [hop for hop, error in failed.items() if isinstance(error, Retryable | Snoozed)]
        if not left:
            raise _together(failed, next(iter(failed.values())))
        waits = {hop: _wait_s(failed[hop], tried, patience, random) for hop in left}
        soonest = min(waits, key=lambda hop: waits[hop])
        hopeful, wait_s = failed[soonest], waits[soonest]
        if isinstance(hopeful, Snoozed):
            raise hopeful
        if wait_s > patience.patience_s and isinstance(hopeful, RateLimited):
            raise Snoozed(
                f"{soonest.provider} asks for fewer calls",
                delay_s=wait_s,
                holdup=Holdup(HoldupKind.PROVIDER, soonest.provider),
            ) from hopeful
        if tried > patience.retries or wait_s > patience.patience_s:
            raise _together(failed, hopeful)
        await asyncio.sleep(wait_s)
    raise AssertionError("unreachable")


def _wait_s(error: JobError, tried: int, patience: Patience, random: Random) -> float:
    if isinstance(error, Snoozed):
        return error.delay_s
    asked_s = error.retry_after_s if isinstance(error, Retryable) else None
    return max(patience.backoff.delay_s(tried, random), asked_s or 0.0)


def _together(failed: dict[Hop, JobError], error: JobError) -> JobError:
    """`error`, saying what the other models of the chain answered too."""
    if len(failed) > 1:
        said = "; ".join(f"{hop}: {one}" for hop, one in failed.items())
        error.args = (f"No model of the chain answered. {said}",)
    return error
