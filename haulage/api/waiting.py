"""`Prefer: wait=N` (RFC 7240): an answer that waits, N seconds at most, for its job's end.

A waiter hangs on the hub like a reader of `/events`, so that a thousand of them ask PostgreSQL no
more often than one. It is let go the moment its client has gone, or this process is told to stop.
Whatever goes wrong while it waits, the job has been accepted: the answer then says how it stood.
"""

import asyncio
import re
from contextlib import aclosing

from starlette.requests import ClientDisconnect, Request

from haulage.api import deps, headers
from haulage.api.events import Stream
from haulage.domain.errors import Unavailable
from haulage.domain.job import Event, Job

PREFER = "Prefer"
APPLIED = "Preference-Applied"
PARAMETER = {
    "name": PREFER,
    "in": "header",
    "description": "`wait=N`: answer once the job is over, after N seconds at the latest.",
    "schema": {"type": "string"},
    "example": "wait=10",
}

_WAIT = re.compile(r'\s*wait\s*=\s*"?([0-9]{1,9})"?\s*', re.IGNORECASE)


def wanted_s(request: Request) -> int | None:
    """How long the answer is to wait, no longer than the setting allows; None: not at all.

    Of several the first counts, and what is no number of seconds is ignored, as the RFC says.
    """
    for line in headers.lines(request.scope, b"prefer"):
        for preference in line.split(","):
            if found := _WAIT.fullmatch(preference.partition(";")[0]):
                return min(int(found[1]), deps.of(request).settings.api.max_wait_s) or None
    return None


def applied(within_s: int) -> dict[str, str]:
    """The header that says how long the answer was ready to wait."""
    return {APPLIED: f"wait={within_s}"}


async def until_over(request: Request, job: Job, *, within_s: float) -> Job:
    """The job once it is over, or as it stands after `within_s` seconds.

    Raises `ClientDisconnect` when nobody is there any more to hear it.
    """
    if job.is_terminal:
        return job
    parts = deps.of(request)
    stream = parts.hub.stream(job, after=job.event_seq, encode=_unread)
    ending = asyncio.create_task(_ended(stream))
    leaving = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({ending, leaving}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        if leaving.done():
            raise ClientDisconnect
    finally:
        for task in (ending, leaving):
            task.cancel()
        await asyncio.wait({ending, leaving})
    try:
        return await parts.looks.submit((job.id, job.tenant)) or job
    except Unavailable:
        return job


async def _ended(stream: Stream) -> None:
    try:
        async with aclosing(stream.batches()) as batches:
            async for _ in batches:
                pass
    except Unavailable:
        # Not to be had from the hub: the answer is how the job stands, and at once.
        return


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _unread(_event: Event) -> bytes:
    # One function for all waiters: the hub writes an event once for each.
    return b""
