"""Tells one source what became of its tasks.

Promises: a report is owed until the source has taken it or refused it for good; that survives
crashes of ours and any downtime over there. It may be sent twice, with the same words, when this
process dies between the answer and its note of it. A slow answer holds up no other report.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from haulage.connectors.puller import fields_of
from haulage.connectors.remote import UNAUTHORIZED, Remote
from haulage.connectors.source import SourceBody
from haulage.connectors.templates import TemplateFault, render
from haulage.domain.backoff import Backoff
from haulage.domain.errors import NotFound, NotRetryable, Retryable, Snoozed, Unavailable
from haulage.domain.lifecycle import State
from haulage.engine.batcher import patiently
from haulage.limits.errors import RedisAway
from haulage.storage.pull_store import REFUSED, REPORTED, Owed, PullStore
from haulage.telemetry import logs, source_metrics

log = logs.get(__name__)

AT_ONCE = 20
# What an operator has to mend is tried again after this.
MENDED_S = 300.0
# Their errors are about us, not about the report.
_ABOUT_US = (UNAUTHORIZED, "http_403", "oauth2_refused", "redirected", "redirected_elsewhere")
QUICK_S, SLOW_S = 0.05, 0.5
# A report that has failed more often by itself is not the victim of a bad moment over there.
BAD_MOMENTS = 5


class Reporter:
    """One source. `ended` is called when jobs are found to be over."""

    def __init__(
        self,
        name: str,
        source: SourceBody,
        *,
        remote: Remote,
        store: PullStore,
        backoff: Backoff,
        random: Random,
        now: Callable[[], datetime],
        ended: Callable[[], None],
    ) -> None:
        self._name = name
        self._source = source
        self._remote = remote
        self._store = store
        self._backoff = backoff
        self._random = random
        self._now = now
        self._ended = ended
        self._telling: dict[str, asyncio.Task[None]] = {}
        self._pause_s = QUICK_S
        # Failures in a row, of whichever reports.
        self._streak = 0
        self.free = asyncio.Event()

    async def round(self) -> float:
        """Begin the reports that are due; in how many seconds to look again.

        Raises `Unavailable` when PostgreSQL is away.
        """
        busy = list(self._telling)
        if len(busy) < AT_ONCE:
            due = await self._store.due(self._name, but_not=busy, limit=AT_ONCE - len(busy))
            for owed in due:
                self._begin(owed)
            if due:
                self._ended()
                self._pause_s = QUICK_S
                return 0.0
        self._pause_s = min(self._pause_s * 1.5, SLOW_S)
        return self._pause_s

    async def drain(self) -> None:
        """Wait for what is under way."""
        if self._telling:
            await asyncio.wait(self._telling.values())

    def abandon(self) -> None:
        """Leave what is under way: it stays owed."""
        for telling in self._telling.values():
            telling.cancel()

    def _begin(self, owed: Owed) -> None:
        key = owed.task.key
        telling = asyncio.get_running_loop().create_task(self._tell(owed))
        self._telling[key] = telling

        def over(_: object) -> None:
            self._telling.pop(key, None)
            self.free.set()

        telling.add_done_callback(over)

    async def _tell(self, owed: Owed) -> None:
        """One report to its note; whatever goes wrong ends in a note, too."""
        task = owed.task
        try:
            values, made_by = await self._values(owed)
            await self._remote.report(values, key=task.key)
        except (Snoozed, RedisAway, Unavailable) as wait:
            # Nothing was sent.
            delay_s = wait.delay_s if isinstance(wait, Snoozed) else 2.0
            await self._again(owed, delay_s, wait.code, tries=owed.tries)
        except Retryable as error:
            self._streak += 1
            tries = owed.tries + 1
            await self._again(owed, self._delay_s(tries, error), error.code, tries=tries)
        except (NotRetryable, TemplateFault) as error:
            code = getattr(error, "code", "unreportable")
            if code in _ABOUT_US:
                await self._again(owed, MENDED_S, code, tries=owed.tries + 1)
                log.error("source.report_not_let_in", code=code, **fields_of(self._name, task))
                return
            await self._close(owed, REFUSED, f"{code}: {error}")
            source_metrics.UNREPORTABLE.labels(self._name).inc()
            log.error("source.report_refused", code=code, **fields_of(self._name, task))
        except Exception as error:
            # A fault of ours with this one report; the others go on.
            log.exception("source.report_broken", **fields_of(self._name, task))
            await self._again(owed, MENDED_S, type(error).__name__, tries=owed.tries + 1)
        else:
            self._streak = 0
            state = values["state"]
            if await self._close(owed, REPORTED):
                self._count(owed, state, made_by)

    def _delay_s(self, tries: int, error: Retryable) -> float:
        """2, 4, 8 s and so on; the first of these again as long as other reports get through."""
        failures = tries if tries > BAD_MOMENTS else min(tries, self._streak)
        return max(self._backoff.delay_s(failures, self._random), error.retry_after_s or 0.0)

    def _count(self, owed: Owed, state: str, made_by: str | None) -> None:
        took_s = (self._now() - owed.pulled_at).total_seconds()
        kind = owed.task.kind
        source_metrics.PROCESSED.labels(kind, state).inc()
        source_metrics.PROCESSING.labels(kind).observe(took_s)
        log.info(
            "source.task_reported",
            state=state,
            job_id=owed.job_id and str(owed.job_id),
            duration_s=round(took_s, 3),
            **_maker(made_by),
            **fields_of(self._name, owed.task),
        )

    async def _values(self, owed: Owed) -> tuple[dict[str, Any], str | None]:
        """What the report's templates see; and what made the result, if that says it."""
        values: dict[str, Any] = {
            "id": owed.task.task_id,
            "state": self._source.report.failed,
            "result": None,
            "job_id": owed.job_id and str(owed.job_id),
            "tags": owed.task.tags,
        }
        if owed.state is State.SUCCEEDED:
            try:
                result = await self._store.result_of(owed)
                told = render(self._source.types[owed.task.kind].result, {"result": result})
                made_by = result.get("model") if isinstance(result, dict) else None
                values |= {"state": self._source.report.succeeded, "result": told}
                return values, made_by if isinstance(made_by, str) else None
            except (NotFound, TemplateFault, KeyError) as error:
                log.error("source.result_gone", error=type(error).__name__)
                return {**values, "error": {"code": "result_gone", "message": GONE}}, None
        return {**values, "error": _error_of(owed)}, None

    async def _again(self, owed: Owed, delay_s: float, code: str, *, tries: int) -> None:
        until = self._now() + timedelta(seconds=delay_s)
        log.warning(
            "source.report_again",
            code=code,
            tries=tries,
            delay_s=round(delay_s, 1),
            **fields_of(self._name, owed.task),
        )
        await patiently(
            lambda: self._store.put_off(
                self._name, owed.task.key, until=until, tries=tries, error=code
            )
        )

    async def _close(self, owed: Owed, outcome: str, error: str | None = None) -> bool:
        # Told is told: the note of it waits for PostgreSQL for as long as that is away.
        return await patiently(
            lambda: self._store.close(
                self._name, owed.task.key, outcome=outcome, tries=owed.tries + 1, error=error
            )
        )


def _maker(made_by: str | None) -> dict[str, str]:
    """Under the names that a predecessor's searches know: `openai:gpt-4o-mini` is a processor's
    model."""
    if made_by is None:
        return {}
    processor, _, model = made_by.partition(":")
    return {"processor": processor, "model": model or processor}


GONE = "The result is no longer kept, or is not what the source's settings expect."


def _error_of(owed: Owed) -> dict[str, str]:
    """Why there is no result, as the task's owner is told."""
    if owed.fault is not None:
        return {"code": "unfit", "message": owed.fault}
    if owed.state is State.CANCELLED:
        return {"code": "cancelled", "message": "The job was cancelled."}
    error = owed.error
    if error is None:
        return {"code": "job_gone", "message": "The job is no longer kept."}
    return {"code": str(error.get("code")), "message": str(error.get("message"))}
