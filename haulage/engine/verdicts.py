"""What an error makes of an attempt, for the executor and for the parent of a killed child."""

import traceback
from collections.abc import Sequence
from datetime import datetime
from random import Random

from haulage.domain.backoff import Backoff
from haulage.domain.errors import (
    HaulageError,
    InvalidInput,
    LeaseLost,
    NotRetryable,
    Retryable,
    Snoozed,
    Verdict,
    classify,
)
from haulage.domain.job_type import Policy
from haulage.domain.lifecycle import Reason
from haulage.domain.outcome import ErrorInfo, Failed, Outcome, Retry, Snooze
from haulage.storage.sealing import KeyMissing

# A rotation in progress: this worker has not the key of a payload yet, another may.
UNKNOWN_KEY_DELAY_S = 5.0
MAX_MESSAGE_CHARS = 2_000
MAX_TRACE_CHARS = 8_000


def outcome_of(
    error: Exception,
    *,
    attempt: int,
    max_attempts: int,
    policy: Policy,
    random: Random,
    now: datetime,
    deadline: datetime | None = None,
) -> Outcome:
    """Snooze, retry or failure, by the error's verdict, the attempts left and the deadline."""
    if isinstance(error, Snoozed):
        holdup = error.holdup
        reason = str(holdup.kind if holdup else error) or Reason.SNOOZE
        return Snooze(error.delay_s, reason=reason, until=error.until, holdup=holdup)
    if isinstance(error, KeyMissing):
        return Snooze(UNKNOWN_KEY_DELAY_S, reason=Reason.UNKNOWN_KEY)
    verdict = classify(error)
    retryable = verdict is Verdict.RETRY or (verdict is Verdict.UNKNOWN and policy.retry_unknown)
    info = error_info(error, retryable=retryable)
    if not retryable or attempt >= max_attempts:
        return Failed(info)
    delay_s = retry_delay_s(policy.backoff, attempt, error, random)
    if deadline is not None and delay_s >= (deadline - now).total_seconds():
        return Failed(info)
    return Retry(delay_s, info)


def is_unexplained(error: Exception) -> bool:
    """Whether it says nothing of what it makes of the attempt, so that somebody has to look."""
    return classify(error) is Verdict.UNKNOWN and not isinstance(error, Snoozed | KeyMissing)


def root_of(error: Exception) -> Exception:
    """The error that decides, out of a group such as `asyncio.TaskGroup` raises.

    A lost lease or one error that cannot be helped outweighs any number that can.
    """
    if not isinstance(error, ExceptionGroup):
        return error
    return decisive([root_of(one) for one in error.exceptions])


def decisive(errors: Sequence[Exception]) -> Exception:
    """The one of several errors that decides; of those that only wait, the one that waits least."""
    return min(errors, key=_weight)


def _weight(error: Exception) -> tuple[int, float]:
    if isinstance(error, LeaseLost):
        return 0, 0
    if isinstance(error, Snoozed):
        return 3, error.delay_s
    if isinstance(error, KeyMissing):
        return 3, UNKNOWN_KEY_DELAY_S
    return {Verdict.FAIL: 1, Verdict.UNKNOWN: 2, Verdict.RETRY: 4}[classify(error)], 0


def retry_delay_s(backoff: Backoff, attempt: int, error: Exception, random: Random) -> float:
    """The policy's delay, or what the other side asked for if that is longer."""
    asked_s = error.retry_after_s if isinstance(error, Retryable) else None
    return max(backoff.delay_s(attempt, random), asked_s or 0.0)


def error_info(error: Exception, *, retryable: bool) -> ErrorInfo:
    """The error as it is stored: ours with its code, others by the name of their class."""
    if isinstance(error, InvalidInput):
        faults = "; ".join(f"{fault.pointer}: {fault.message}" for fault in error.faults[:5])
        return ErrorInfo(error.code, f"{error} {faults}".strip()[:MAX_MESSAGE_CHARS], retryable)
    said = _said(error)
    if isinstance(error, HaulageError):
        return ErrorInfo(error.code, said[:MAX_MESSAGE_CHARS], retryable, trace_of(error))
    message = f"{type(error).__name__}: {said}" if said else type(error).__name__
    code = "timed_out" if isinstance(error, TimeoutError) else "unexpected"
    return ErrorInfo(code, message[:MAX_MESSAGE_CHARS], retryable, trace_of(error))


def exited(error: BaseException) -> NotRetryable:
    """What a handler means that raises `SystemExit` or `KeyboardInterrupt`: a failure, not an end
    of the process that other jobs share."""
    return NotRetryable(f"The handler raised {type(error).__name__}.", code="exited")


def starved(error: MemoryError, *, limit_mb: int | None) -> Retryable:
    """What it means that a cpu process was refused memory: it may have been full already, so that
    another one can do it."""
    if limit_mb is None:
        said = "The machine has no memory for what the job asks for. Give it less work at once."
    else:
        said = (
            f"The job asked for memory far beyond the {limit_mb} MB that a cpu process may have. "
            "Give it less work at once, or raise HAULAGE_ENGINE_CHILD_LIMIT_MB."
        )
    explained = Retryable(said, code="out_of_memory")
    explained.__cause__ = error
    return explained


def _said(error: Exception) -> str:
    try:
        return str(error)
    except Exception:
        # Somebody else's `__str__` is somebody else's code.
        return ""


def trace_of(error: Exception) -> str:
    """The whole trace, for the job's own record."""
    return "".join(traceback.format_exception(error))[-MAX_TRACE_CHARS:]


def frames_of(error: BaseException) -> str:
    """Where an error came from, without what it says: for logs."""
    return "".join(traceback.format_tb(error.__traceback__))[-MAX_TRACE_CHARS:]
