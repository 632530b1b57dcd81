"""What came of an attempt, as the statements that settle it take it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from haulage.domain.credits import Share
from haulage.domain.fingerprint import digest_of
from haulage.domain.job import NOTHING_USED, Usage
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
from haulage.storage.array_text import EMPTY, array_text, ids_text, texts_text
from haulage.storage.blobs import size_of
from haulage.storage.json_text import dumps, storable
from haulage.storage.sealing import Sealer

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
    charge_credits: int | Share | None = None


def settle_columns(
    settlements: Sequence[Settlement], now: datetime, sealer: Sealer
) -> dict[str, str]:
    """The columns of `job_sql.SETTLE` and `SETTLED_BEFORE`, as texts of arrays.

    One that says nothing is empty: `unnest` fills short arrays with NULLs.
    """
    outcomes = [one.outcome for one in settlements]
    columns = {
        "ids": ids_text(one.job_id for one in settlements),
        "fences": array_text(one.fence for one in settlements),
        "states": texts_text(target_state(outcome).value for outcome in outcomes),
        "results": texts_text(_result(one, sealer) for one in settlements),
        "result_sizes": array_text(_result_size(outcome) for outcome in outcomes),
        "result_refs": EMPTY,
        **_NOT_OF_SUCCESSES,
        **_OF_USAGE,
    }
    if any(one.result_ref is not None for one in settlements):
        columns["result_refs"] = texts_text(one.result_ref for one in settlements)
    if any(one.usage is not NOTHING_USED for one in settlements):
        columns |= _usage_columns([one.usage for one in settlements])
    if not all(isinstance(outcome, Succeeded) for outcome in outcomes):
        columns |= _columns_of_others(settlements, now, sealer)
    return columns


_OF_USAGE = dict.fromkeys(["calls", "input_tokens", "output_tokens", "costs"], EMPTY)
_NOT_OF_SUCCESSES = dict.fromkeys(
    ["reasons", "due", "errors", "digests", "error_texts", "codes", "holdups", "refunds"], EMPTY
)


def _usage_columns(used: Sequence[Usage]) -> dict[str, str]:
    return {
        "calls": array_text(one.calls or None for one in used),
        "input_tokens": array_text(one.input_tokens or None for one in used),
        "output_tokens": array_text(one.output_tokens or None for one in used),
        "costs": array_text(float(one.cost) or None for one in used),
    }


def _columns_of_others(
    settlements: Sequence[Settlement], now: datetime, sealer: Sealer
) -> dict[str, str]:
    outcomes = [one.outcome for one in settlements]
    return {
        "reasons": texts_text(_reason(outcome) for outcome in outcomes),
        "due": array_text(_due(outcome, now) for outcome in outcomes),
        "errors": texts_text(_error(one, sealer) for one in settlements),
        "digests": texts_text(_digest(outcome) for outcome in outcomes),
        "error_texts": texts_text(_error_text(outcome, sealer) for outcome in outcomes),
        "codes": texts_text(_code(outcome) for outcome in outcomes),
        "holdups": texts_text(_holdup(outcome) for outcome in outcomes),
        "refunds": array_text(isinstance(outcome, Snooze | Waiting) for outcome in outcomes),
    }


def _result(settlement: Settlement, sealer: Sealer) -> str | None:
    if isinstance(settlement.outcome, Succeeded) and settlement.result_ref is None:
        return sealer.seal(settlement.outcome.result, under=_lease_of(settlement))
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


def _lease_of(settlement: Settlement) -> str:
    """What a text is sealed under: told again after a lost answer, it must be the same."""
    return f"{settlement.job_id} {settlement.fence}"


def _error(settlement: Settlement, sealer: Sealer) -> str | None:
    if isinstance(settlement.outcome, Failed | Retry):
        text = error_json(settlement.outcome.error)
        return sealer.seal(text, under=_lease_of(settlement))
    return None


def _digest(outcome: Outcome) -> str | None:
    if isinstance(outcome, Failed):
        return digest_of(outcome.error.code, outcome.error.message)
    return None


def _code(outcome: Outcome) -> str | None:
    if isinstance(outcome, Failed):
        return storable(outcome.error.code)[:MAX_CODE_CHARS]
    return None


def _error_text(outcome: Outcome, sealer: Sealer) -> str | None:
    if isinstance(outcome, Failed | Retry):
        # Nobody can search in what is sealed; the code is ours or the handler's own.
        error = outcome.error
        return error_text(error.code, "" if sealer.is_on else error.message)
    return None


def error_text(code: str, message: str) -> str:
    """What lists search in: the beginning of code and message, in small letters."""
    text = storable(f"{code} {message}").lower()[:MAX_TEXT_CHARS]
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
