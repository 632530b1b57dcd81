"""A step for every item of a list: `Context.map` and `Context.map_partial`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from haulage.domain.backoff import Backoff
from haulage.domain.context import Failure, Part
from haulage.domain.errors import HaulageError, LeaseLost, Snoozed, Verdict, classify
from haulage.engine.reports import Reports
from haulage.engine.verdicts import decisive, retry_delay_s

if TYPE_CHECKING:
    from haulage.engine.context import RunContext

# Row E4: an item of a `map_partial` is tried four times before it counts as failed.
ITEM_TRIES = 4
ITEM_BACKOFF = Backoff(base_s=1.0, max_s=10.0)


async def whole(
    context: "RunContext",
    name: str,
    function: Callable[..., Any],
    items: Sequence[Any],
    *,
    limit: int,
    shared: bool,
) -> list[Any]:
    """See `Context.map`."""

    async def one(index: int) -> Any:
        return await context.step(f"{name}[{index}]", function, items[index], shared=shared)

    return await _gather(one, len(items), context.reports, name=name, limit=limit)


async def partial(
    context: "RunContext",
    name: str,
    function: Callable[..., Any],
    items: Sequence[Any],
    *,
    limit: int,
    shared: bool,
) -> list[Part[Any]]:
    """See `Context.map_partial`."""

    async def one(index: int) -> Part[Any]:
        for attempt in range(1, ITEM_TRIES + 1):
            try:
                value = await context.step(
                    f"{name}[{index}]", function, items[index], shared=shared
                )
                return Part(index, value=value)
            except Exception as error:
                failure = item_failure(error)
                if classify(error) is not Verdict.RETRY or attempt == ITEM_TRIES:
                    return Part(index, failure=failure)
                delay_s = retry_delay_s(ITEM_BACKOFF, attempt, error, context.random)
            await asyncio.sleep(delay_s)
        raise AssertionError("unreachable")

    return await _gather(one, len(items), context.reports, name=name, limit=limit)


async def _gather(
    one: Callable[[int], Awaitable[Any]], count: int, reports: Reports, *, name: str, limit: int
) -> list[Any]:
    """Run `one(i)` for each i, at most `limit` at once; after the first error no more begin."""
    if limit < 1:
        raise ValueError(f"map {name!r} needs a limit of at least 1, not {limit}")
    values: list[Any] = [None] * count
    upcoming = iter(range(count))
    errors: list[Exception] = []
    done = failed = 0

    async def lane() -> None:
        nonlocal done, failed
        for index in upcoming:
            if errors:
                return
            try:
                values[index] = await one(index)
            except Exception as error:
                errors.append(error)
                return
            if isinstance(values[index], Part) and values[index].failure is not None:
                failed += 1
            else:
                done += 1
            reports.progress(
                percent=100.0 * (done + failed) / count,
                step=name,
                done=done,
                failed=failed,
                total=count,
            )

    reports.progress(percent=0.0 if count else None, step=name, done=0, failed=0, total=count)
    lanes = [asyncio.ensure_future(lane()) for _ in range(min(limit, count))]
    try:
        await asyncio.gather(*lanes)
    except BaseException:
        for one_lane in lanes:
            one_lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        raise
    if errors:
        raise decisive(errors)
    return values


def item_failure(error: Exception) -> Failure:
    """Why an item failed, as the result shows it; lets errors through that end the attempt."""
    if isinstance(error, LeaseLost | Snoozed):
        raise error
    if isinstance(error, HaulageError):
        return Failure(error.code, str(error))
    return Failure("unexpected", f"{type(error).__name__}: {error}"[:500])
