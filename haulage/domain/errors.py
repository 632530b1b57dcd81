"""Every error Haulage raises on purpose.

HaulageError
├── InputFault            the caller must change something; 4xx, never retried
│   ├── InvalidInput          with the JSON pointers of what does not fit
│   ├── NotAuthenticated      nobody we know: no credentials, or none that count
│   ├── NotAllowed            somebody we know, who may not do this
│   ├── UnknownJobType        with the nearest names
│   ├── UnknownQueue
│   ├── NotFound
│   ├── InvalidCursor
│   ├── PayloadTooLarge
│   ├── IdempotencyMismatch   the key came with another request before
│   ├── IdempotencyConflict   the first request with this key is still under way
│   ├── OverLimit             the caller's limit is used up; come back in `retry_after_s`
│   └── QueueFull             the queue's depth cap is reached; come back in `retry_after_s`
├── JobError              what a handler raises to say how its attempt ended
│   ├── Retryable             try again later; `retry_after_s` when the other side said so
│   ├── NotRetryable          trying again cannot help
│   ├── Snoozed               wait without burning an attempt
│   └── TimedOut              the attempt passed its time limit; retried
├── LeaseLost             somebody else holds the job; whatever this attempt writes is refused
├── IllegalTransition     a programming fault: the lifecycle has no such edge
├── DefinitionFault       a job type is declared wrongly; raised at import
└── Unavailable           PostgreSQL, Redis or a blob store does not answer
    └── BrokerAway            nor does the broker, and jobs are to be refused then

Two signals that are no `Exception`, so that a handler's `except Exception` does not swallow them:
Interrupted               the attempt must stop now (cancel, shutdown, time limit)
WaitsForChildren          the attempt ends until the job's children are over

How calls of a language model fail is drawn in `provider_errors.py`: branches of Retryable and
NotRetryable. What is refused for the sake of credits is in `credit_errors.py`.

`classify` is total: it gives every exception, ours or not, one `Verdict` (row B7).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from haulage.domain.holdup import Holdup


class HaulageError(Exception):
    """Base of all errors Haulage raises on purpose."""

    code = "haulage_error"


class InputFault(HaulageError):
    """The caller must change the request."""

    code = "input_fault"


@dataclass(frozen=True)
class Fault:
    """One thing that does not fit: a JSON pointer (RFC 6901) and a sentence."""

    pointer: str
    message: str


class InvalidInput(InputFault):
    """The input does not fit the model of `job_type`, or what else was given does not fit."""

    code = "invalid_input"

    def __init__(
        self, message: str, faults: tuple[Fault, ...] = (), *, job_type: str | None = None
    ) -> None:
        super().__init__(message)
        self.faults = faults
        self.job_type = job_type


class NotAuthenticated(InputFault):
    """No credentials, or none that count (any more)."""

    code = "not_authenticated"


class NotAllowed(InputFault):
    """The caller is known and may not do this; `needs` names the scopes of which one would do."""

    code = "not_allowed"

    def __init__(self, message: str, *, needs: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.needs = needs


class UnknownJobType(InputFault):
    """No job type of that name; `nearest` holds up to three similar names."""

    code = "unknown_job_type"

    def __init__(self, name: str, nearest: tuple[str, ...] = ()) -> None:
        hint = f" Did you mean {', '.join(nearest)}?" if nearest else ""
        super().__init__(f"There is no job type {name!r}.{hint}")
        self.name = name
        self.nearest = nearest


class UnknownQueue(InputFault):
    """No queue of that name serves this job type's pool."""

    code = "unknown_queue"


class NotFound(InputFault):
    """No such thing for this tenant."""

    code = "not_found"


class InvalidCursor(InputFault):
    """The cursor was not made by this API or belongs to other filters."""

    code = "invalid_cursor"


class PayloadTooLarge(InputFault):
    """The body or file is larger than the setting allows."""

    code = "payload_too_large"


class IdempotencyMismatch(InputFault):
    """The idempotency key came with another request before."""

    code = "idempotency_mismatch"


class IdempotencyConflict(InputFault):
    """The first request with this idempotency key is still under way."""

    code = "idempotency_conflict"


class OverLimit(InputFault):
    """The caller has used up a limit of its own: `quota` in `window_s`, where that is known.
    `policy` is the limit's pool."""

    code = "over_limit"

    def __init__(
        self,
        message: str,
        *,
        policy: str,
        quota: int | None,
        window_s: int | None,
        retry_after_s: float,
    ) -> None:
        super().__init__(message)
        self.policy = policy
        self.quota = quota
        self.window_s = window_s
        self.retry_after_s = retry_after_s


class QueueFull(InputFault):
    """The queue holds as many waiting jobs as its setting allows."""

    code = "queue_full"

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class JobError(HaulageError):
    """What a handler raises to say how its attempt ended."""

    code = "job_error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class Retryable(JobError):
    """Try again, after the policy's backoff or after `retry_after_s`, whichever is longer."""

    code = "retryable"

    def __init__(
        self, message: str, *, code: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s


class NotRetryable(JobError):
    """Trying again cannot help: bad input, a refused page, an unsupported model."""

    code = "not_retryable"


class Snoozed(JobError):
    """Wait `delay_s` seconds without burning an attempt, or `until` where the moment is known.
    `holdup` says what for, where that is something the engine knows."""

    code = "snoozed"

    def __init__(
        self,
        reason: str,
        *,
        delay_s: float,
        until: datetime | None = None,
        holdup: Holdup | None = None,
    ) -> None:
        super().__init__(reason)
        self.delay_s = delay_s
        self.until = until
        self.holdup = holdup


class TimedOut(JobError):
    """The attempt passed its time limit."""

    code = "timed_out"


class Interrupted(BaseException):
    """The attempt must stop now; the executor knows why.

    Like `asyncio.CancelledError` not an `Exception`, so that a handler's `except Exception` does
    not swallow it.
    """


class WaitsForChildren(BaseException):
    """The attempt ends here until the job's children are over; for the executor alone."""


class LeaseLost(HaulageError):
    """Somebody else holds the job now. Stop: nothing this attempt writes will land."""

    code = "lease_lost"


class IllegalTransition(HaulageError):
    """The lifecycle has no such edge."""

    code = "illegal_transition"

    def __init__(self, current: str, target: str) -> None:
        super().__init__(f"a job may not go from {current} to {target}")


class DefinitionFault(HaulageError):
    """A job type is declared wrongly."""

    code = "definition_fault"


class Unavailable(HaulageError):
    """A server Haulage needs does not answer; `hint` is the command that helps."""

    code = "unavailable"

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


class BrokerAway(Unavailable):
    """The broker does not answer, and this installation refuses jobs then."""

    code = "broker_unavailable"


class Verdict(StrEnum):
    """What an error means for the job."""

    RETRY = "retry"
    FAIL = "fail"
    UNKNOWN = "unknown"


def classify(error: BaseException) -> Verdict:
    """Say whether another attempt can help.

    Retryable: ours, time-outs, connection errors. Not retryable: ours and bad input. Anything else
    is unknown: it is not retried unless the job type's policy says so, and its trace is logged.
    """
    match error:
        case Retryable() | TimedOut() | Unavailable():
            return Verdict.RETRY
        case NotRetryable() | InputFault() | DefinitionFault():
            return Verdict.FAIL
        case TimeoutError() | ConnectionError():
            return Verdict.RETRY
        case _:
            return Verdict.UNKNOWN
