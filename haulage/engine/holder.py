"""Which job holds an event loop: tasks are named after the job on whose behalf they were made.

A thread that watches the loop can then tell whose code does not let go of it, also where a handler
has made tasks of its own. A task that was given another name is nobody's.
"""

import asyncio
from typing import Any
from uuid import UUID

from haulage.telemetry import logs

PREFIX = "job "


def name_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Have every further task of `loop` bear the name of its job."""
    loop.set_task_factory(_make)


def holder(loop: asyncio.AbstractEventLoop) -> UUID | None:
    """The job whose task runs at this moment; None when it is none's. From any thread."""
    task = asyncio.current_task(loop)
    if task is None or not task.get_name().startswith(PREFIX):
        return None
    return UUID(task.get_name().removeprefix(PREFIX))


def _make(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> "asyncio.Task[Any]":
    if options.get("name") is None and (job := logs.job.get()) is not None:
        maker = asyncio.current_task(loop)
        # To hand a name on is cheaper than to write an id out, and almost every task is made by
        # one of its own job's.
        handed_on = "" if maker is None else maker.get_name()
        own = handed_on.startswith(PREFIX)
        options["name"] = handed_on if own else f"{PREFIX}{job['job_id']}"
    return asyncio.Task(coro, loop=loop, **options)
