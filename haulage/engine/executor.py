"""One executor for both pools: it runs a leased job and settles what came of it, fenced.

    lease → input → handler under its time limit → outcome → flush what was reported → settle

A handler returns or raises; here alone that becomes an `Outcome`. How the handler is called differs
between the pools and is an argument (`Invoke`).
"""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import replace
from random import Random
from typing import Any, Protocol

from haulage.domain.errors import (
    LeaseLost,
    NotRetryable,
    TimedOut,
    UnknownJobType,
    WaitsForChildren,
)
from haulage.domain.job import NOTHING_USED, Lease
from haulage.domain.job_type import JobType, Policy
from haulage.domain.lifecycle import Reason
from haulage.domain.outcome import (
    Cancelled,
    ErrorInfo,
    Failed,
    Outcome,
    Snooze,
    Succeeded,
    Waiting,
    target_state,
)
from haulage.engine.context import RunContext
from haulage.engine.ending import Ending
from haulage.engine.job_spans import attempt_span, tell_outcome
from haulage.engine.services import Services
from haulage.engine.verdicts import frames_of, is_unexplained, outcome_of, root_of
from haulage.storage.sealing import KeyMissing
from haulage.storage.settlement import Settlement
from haulage.telemetry import logs, tracing
from haulage.telemetry.metrics import SETTLES_LOST, meters_of
from haulage.telemetry.tracing import Span

log = logs.get(__name__)

# A deploy in progress: this worker does not know the type yet, another may.
UNKNOWN_TYPE_DELAY_S = 5.0
# How long a handler that was told to stop may take to clean up before its job is settled anyway.
STOP_GRACE_S = 5.0


class Invoke(Protocol):
    """Calls a handler in the way of a pool."""

    def __call__(self, declared: JobType, value: Any, context: RunContext) -> Awaitable[Any]: ...


class Stop:
    """Tells one attempt to stop, once, and why: `cancel`, `lost`, `shutdown`, `deadline`."""

    __slots__ = ("_wake", "cause")

    def __init__(self) -> None:
        self.cause: str | None = None
        self._wake: asyncio.Future[None] | None = None

    def tell(self, cause: str) -> None:
        """The first cause counts."""
        if self.cause is None:
            self.cause = cause
            self._ring()

    async def outlast(self, handler: "asyncio.Future[Any]", limit_s: float) -> None:
        """Wait for the handler's end, a stop that is told, or the time limit."""
        # A handler that waits for nothing ends in its first turn, and needs no timer.
        await asyncio.sleep(0)
        if self.cause is not None or handler.done():
            return
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        timer = loop.call_later(limit_s, self._ring)
        handler.add_done_callback(self._ring)
        try:
            await self._wake
        finally:
            timer.cancel()

    def _ring(self, _handler: object = None) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)


class Executor:
    """Runs leases on one event loop."""

    def __init__(
        self,
        services: Services,
        *,
        random: Random | None = None,
        stop_grace_s: float = STOP_GRACE_S,
    ) -> None:
        self._services = services
        self._stop_grace_s = stop_grace_s
        self._random = random or Random()  # noqa: S311 - jitter, not a secret

    async def run(
        self, lease: Lease, stop: Stop, invoke: Invoke, *, rung_by: str | None = None
    ) -> bool:
        """Run one attempt to its settlement; whether that landed.

        Never raises for what a handler does. A lost lease or a shutdown settles nothing here: the
        first belongs to somebody else, the second is given back by the runner.
        """
        logs.job.set(
            {
                "job_id": lease.job_id,
                "type": lease.type,
                "attempt": lease.attempt,
                "tenant": lease.tenant,
                "request_id": lease.request_id,
                "traceparent": lease.traceparent,
            }
        )
        with attempt_span(lease, rung_by=rung_by) as span:
            return await self._run(lease, stop, invoke, span)

    async def _run(self, lease: Lease, stop: Stop, invoke: Invoke, span: Span) -> bool:
        meters = meters_of(lease.type, lease.queue)
        if lease.parent_id is None:
            # Children stand in line by the hundred because their parent made so many at once.
            meters.latency.observe(max((lease.claimed_at - lease.due_at).total_seconds(), 0.0))
        started = time.perf_counter()
        context = RunContext(
            lease, self._services, on_lost=lambda: stop.tell("lost"), random=self._random
        )
        try:
            end = await self._end(lease, context, stop, invoke)
        finally:
            context.close()
        await context.flush(succeeded=isinstance(end.outcome, Succeeded))
        duration_s = time.perf_counter() - started
        meters.duration.observe(duration_s)
        if end.outcome is None:
            log.warning("job.left", cause=stop.cause, duration_s=round(duration_s, 3))
            return False
        settlement = Settlement(
            lease.job_id,
            lease.fence,
            end.outcome,
            context.take_usage(),
            end.result_ref,
            lease.parent_id,
            end.charge(context),
        )
        landed, outcome = await self._settled(settlement)
        state = target_state(outcome).value
        tell_outcome(span, state=state, landed=landed, error=_code_of(outcome))
        if landed:
            meters.settled[state].inc()
            self._services.event_bell.rang([lease.job_id])
            log.debug("job.settled", state=state, duration_s=round(duration_s, 3))
        else:
            SETTLES_LOST.labels(type=lease.type).inc()
            log.warning("job.settle_refused", state=state, fence=lease.fence)
        return landed

    async def _settled(self, settlement: Settlement) -> tuple[bool, Outcome]:
        """Whether it landed, and with what outcome: one that PostgreSQL refuses becomes a failure,
        because a job that can't be settled would run for ever."""
        try:
            return await self._services.settlements.submit(settlement), settlement.outcome
        except Exception as error:
            log.error("job.unsettleable", error=type(error).__name__, trace=frames_of(error))
            message = "What came of the attempt can't be stored: " + type(error).__name__
            failed = Failed(ErrorInfo("unsettleable", message, retryable=False))
            plain = replace(
                settlement,
                outcome=failed,
                usage=NOTHING_USED,
                result_ref=None,
                charge_credits=None,
            )
            return await self._services.settlements.submit(plain), failed

    async def _end(self, lease: Lease, context: RunContext, stop: Stop, invoke: Invoke) -> Ending:
        try:
            declared = self._services.registry.get(lease.type)
        except UnknownJobType:
            log.warning("job.unknown_type")
            return Ending(Snooze(UNKNOWN_TYPE_DELAY_S, reason=Reason.UNKNOWN_TYPE))
        value = None
        try:
            value = declared.load_input(await self._services.jobs.input_of(lease))
            with tracing.part("handler"):
                result = await self._handled(declared, value, lease, context, stop, invoke)
            text = declared.dump_result(result)
            kept = await self._services.blobs.keep(text)
            return Ending(Succeeded(text), declared, value, result, kept.ref)
        except WaitsForChildren:
            return Ending(Waiting())
        except asyncio.CancelledError:
            return Ending(self._interrupted(stop, lease, declared.policy), declared, value)
        except Exception as error:
            # Whatever a handler raises ends here; a stop that was told outranks what it raised.
            if stop.cause is not None:
                return Ending(self._interrupted(stop, lease, declared.policy), declared, value)
            return Ending(self._failed(root_of(error), lease, declared.policy), declared, value)

    async def _handled(
        self,
        declared: JobType,
        value: Any,
        lease: Lease,
        context: RunContext,
        stop: Stop,
        invoke: Invoke,
    ) -> Any:
        limit_s = self._limit_s(lease)
        handler = asyncio.ensure_future(invoke(declared, value, context))
        await stop.outlast(handler, limit_s)
        if handler.done():
            return _value_of(handler)
        handler.cancel()
        await asyncio.wait({handler}, timeout=self._stop_grace_s)
        if handler.done() and not handler.cancelled() and handler.exception() is None:
            if stop.cause is None:
                # It finished in the same moment as its limit.
                return handler.result()
        elif not handler.done():
            handler.add_done_callback(_swallow)
            log.warning("job.handler_ignores_stop", cause=stop.cause or "time limit")
        if stop.cause is not None:
            raise asyncio.CancelledError
        raise TimedOut(f"The attempt passed its time limit of {limit_s:g} s.")

    def _limit_s(self, lease: Lease) -> float:
        if lease.deadline is None:
            return lease.timeout_s
        left_s = (lease.deadline - self._services.clock.now()).total_seconds()
        return max(min(lease.timeout_s, left_s), 0.0)

    def _interrupted(self, stop: Stop, lease: Lease, policy: Policy) -> Outcome | None:
        match stop.cause:
            case "cancel":
                return Cancelled()
            case "deadline":
                timed_out = TimedOut(f"The attempt passed its time limit of {lease.timeout_s:g} s.")
                return self._failed(timed_out, lease, policy)
            case "lost" | "shutdown":
                return None
            case _:
                # The handler cancelled itself; nobody asked for it.
                cancelled = NotRetryable("The handler was cancelled from inside.", code="cancelled")
                return self._failed(cancelled, lease, policy)

    def _failed(self, error: Exception, lease: Lease, policy: Policy) -> Outcome | None:
        if isinstance(error, LeaseLost):
            return None
        if isinstance(error, KeyMissing):
            log.warning("job.key_missing", error=str(error))
        if is_unexplained(error):
            # Frames only: the message may hold the document's text.
            log.error("job.unknown_error", error=type(error).__name__, trace=frames_of(error))
        return outcome_of(
            error,
            attempt=lease.attempt,
            max_attempts=lease.max_attempts,
            policy=policy,
            random=self._random,
            now=self._services.clock.now(),
            deadline=lease.deadline,
        )


def _code_of(outcome: Outcome) -> str | None:
    error = getattr(outcome, "error", None)
    return error.code if isinstance(error, ErrorInfo) else None


def _value_of(handler: "asyncio.Future[Any]") -> Any:
    try:
        return handler.result()
    except (Exception, asyncio.CancelledError, WaitsForChildren):
        raise
    except BaseException as error:
        if isinstance(error, BaseExceptionGroup) and error.subgroup(WaitsForChildren):
            raise WaitsForChildren from error
        # Panics of libraries written in Rust, for one, are no `Exception`.
        raise RuntimeError(f"The handler raised {type(error).__name__}: {error}") from error


def _swallow(handler: "asyncio.Future[Any]") -> None:
    if not handler.cancelled():
        handler.exception()
