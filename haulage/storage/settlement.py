"""What came of an attempt, as the statements that settle it take it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from haulage.domain.fingerprint import digest_of
from haulage.domain.job import Usage
from haulage.domain.lifecycle import Reason
from haulage.domain.outcome import (
    ErrorInfo,
    Failed,
    Outcome,
    Retry,
    Snooze,
    Succeeded,
    Waiting,
    target_state,
)
from haulage.storage.blobs import size_of
from haulage.storage.json_text import dumps, storable

NOTHING_USED = Usage()
MAX_DELAY_S = 366 * 24 * 3600.0
MAX_REASON_CHARS = 200
MAX_CODE_CHARS = 100
# Of an error's text as lists search it. An index holds it beside the names of queue and type, and a
# row of it has room for 2,700 bytes.
MAX_TEXT_CHARS = 400
MAX_TEXT_BYTES = 600


@dataclass(frozen=True, slots=True)
class Settlement:
    """One attempt's end: which lease, by job and fence, and what came of it."""

    job_id: UUID
    fence: int
    outcome: Outcome
    usage: Usage = NOTHING_USED
    # Where the result lies, when it is too large for the row (`Blobs.keep`).
    result_ref: str | None = None
    parent_id: UUID | None = None
    # What the run has come to where its job is charged and its type says so.
    charge_credits: int | None = None


def settle_columns(settlements: Sequence[Settlement], now: datetime) -> dict[str, list[Any]]:
    """The columns of `job_sql.SETTLE` and `SETTLED_BEFORE`."""
    return {
        "ids": [one.job_id for one in settlements],
        "fences": [one.fence for one in settlements],
        "states": [target_state(one.outcome).value for one in settlements],
        "reasons": sparse(_reason(one.outcome) for one in settlements),
        "due": sparse(_due(one.outcome, now) for one in settlements),
        "results": sparse(_result(one) for one in settlements),
        "result_refs": sparse(one.result_ref for one in settlements),
        "result_sizes": sparse(_result_size(one.outcome) for one in settlements),
        "errors": sparse(_error(one.outcome) for one in settlements),
        "digests": sparse(_digest(one.outcome) for one in settlements),
        "error_texts": sparse(_error_text(one.outcome) for one in settlements),
        "codes": sparse(_code(one.outcome) for one in settlements),
        "calls": sparse(one.usage.calls for one in settlements),
        "input_tokens": sparse(one.usage.input_tokens for one in settlements),
        "output_tokens": sparse(one.usage.output_tokens for one in settlements),
        "costs": sparse(float(one.usage.cost) for one in settlements),
        "holdups": sparse(_holdup(one.outcome) for one in settlements),
        "refunds": sparse(isinstance(one.outcome, Snooze | Waiting) for one in settlements),
    }


def sparse(values: Iterable[Any]) -> list[Any]:
    """A column for `unnest`, empty when it says nothing: `unnest` fills short arrays with NULLs."""
    column = list(values)
    return column if any(column) else []


def _result(settlement: Settlement) -> str | None:
    if isinstance(settlement.outcome, Succeeded) and settlement.result_ref is None:
        return settlement.outcome.result
    return None


def _result_size(outcome: Outcome) -> int | None:
    return size_of(outcome.result) if isinstance(outcome, Succeeded) else None


def _reason(outcome: Outcome) -> str | None:
    match outcome:
        case Retry():
            return "retry"
        case Waiting():
            return Reason.CHILDREN
        case Snooze(reason=reason):
            return storable(reason)[:MAX_REASON_CHARS]
        case _:
            return None


def _due(outcome: Outcome, now: datetime) -> datetime | None:
    if isinstance(outcome, Snooze) and outcome.until is not None:
        return min(max(now, outcome.until), now + timedelta(seconds=MAX_DELAY_S))
    if isinstance(outcome, Retry | Snooze):
        # Handlers pass on what other servers ask for; NaN becomes 0 here.
        return now + timedelta(seconds=min(max(0.0, outcome.delay_s), MAX_DELAY_S))
    return None


def _holdup(outcome: Outcome) -> str | None:
    """What a parked job waits for, as its event says it; `why` reads it there."""
    if not isinstance(outcome, Snooze) or outcome.holdup is None:
        return None
    holdup = outcome.holdup
    said = {"kind": holdup.kind, "pool": holdup.pool, "limit": holdup.limit}
    return dumps({name: value for name, value in said.items() if value is not None})


def _error(outcome: Outcome) -> str | None:
    if isinstance(outcome, Failed | Retry):
        return error_json(outcome.error)
    return None


def _digest(outcome: Outcome) -> str | None:
    if isinstance(outcome, Failed):
        return digest_of(outcome.error.code, outcome.error.message)
    return None


def _code(outcome: Outcome) -> str | None:
    if isinstance(outcome, Failed):
        return storable(outcome.error.code)[:MAX_CODE_CHARS]
    return None


def _error_text(outcome: Outcome) -> str | None:
    if isinstance(outcome, Failed | Retry):
        return error_text(outcome.error)
    return None


def error_text(error: ErrorInfo) -> str:
    """What lists search in: the beginning of code and message, in small letters."""
    text = storable(f"{error.code} {error.message}").lower()[:MAX_TEXT_CHARS]
    return text.encode()[:MAX_TEXT_BYTES].decode("utf-8", "ignore")


def error_json(error: ErrorInfo) -> str:
    """The error as the row keeps it and the API shows it."""
    kept: dict[str, object] = {
        "code": error.code,
        "message": error.message,
        "retryable": error.retryable,
    }
    if error.trace:
        kept["trace"] = error.trace
    return dumps(kept)
