"""Rank 1: the Python client of the HTTP API. Needs httpx only, and only once a client is made.

    client = haulage.Client()
    job = client.submit("summarize_text", {"text": text})
    print(client.wait(job.id).result)

`AsyncClient` has the same methods, to be awaited. What both do is decided once, in `calls`,
`following` and `transport`; `blocking` and `awaiting` only wait in their own way.
"""

from haulage.client.address import Address, default_data_folder, find_address
from haulage.client.awaiting import AsyncClient
from haulage.client.blocking import Client
from haulage.client.calls import Submission
from haulage.client.errors import ApiError, BadAddress, Unreachable, WaitTimeout
from haulage.client.fleet_models import (
    AttemptView,
    Cause,
    QueueView,
    ScheduleView,
    WhyView,
    WorkerView,
)
from haulage.client.models import Event, FileView, JobView, LogLine, TypeView

__all__ = [
    "Address",
    "ApiError",
    "AsyncClient",
    "AttemptView",
    "BadAddress",
    "Cause",
    "Client",
    "Event",
    "FileView",
    "JobView",
    "LogLine",
    "QueueView",
    "ScheduleView",
    "Submission",
    "TypeView",
    "Unreachable",
    "WaitTimeout",
    "WhyView",
    "WorkerView",
    "default_data_folder",
    "find_address",
]
