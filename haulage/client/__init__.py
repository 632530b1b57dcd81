"""Rank 1: the Python client of the HTTP API. Needs httpx only, and only once a client is made.

    client = haulage.Client()
    job = client.submit("summarize_text", {"text": text})
    print(client.wait(job.id).result)

`AsyncClient` has the same methods, to be awaited. It is the one that is written; `blocking` is made
from `awaiting` by tools/blocking_client.py. Neither decides anything: what is sent is in `calls`,
when it is sent again in `following`.
"""

from haulage.client.address import Address, default_data_folder, find_address
from haulage.client.awaiting.client import AsyncClient
from haulage.client.blocking.client import Client
from haulage.client.calls import JobFilters, Submission
from haulage.client.credit_models import (
    BalanceView,
    EntryView,
    FindingView,
    GrantView,
    QuoteView,
)
from haulage.client.decision_models import BulkPreview, BulkView, GroupView
from haulage.client.errors import ApiError, BadAddress, Unreachable, WaitTimeout
from haulage.client.fleet_models import (
    AttemptView,
    Cause,
    QueueView,
    ScheduleView,
    StepView,
    WhyView,
    WorkerView,
)
from haulage.client.key_models import AuditView, CallerView, KeyView, OwnLimit
from haulage.client.models import Event, FileView, JobView, LogLine, TypeView
from haulage.client.stat_models import QueueNow, StatSum, StatsView, Times
from haulage.client.webhook_models import DeliveryView, WebhookView

__all__ = [
    "Address",
    "ApiError",
    "AsyncClient",
    "AttemptView",
    "AuditView",
    "BadAddress",
    "BalanceView",
    "BulkPreview",
    "BulkView",
    "CallerView",
    "Cause",
    "Client",
    "DeliveryView",
    "EntryView",
    "Event",
    "FileView",
    "FindingView",
    "GrantView",
    "GroupView",
    "JobFilters",
    "JobView",
    "KeyView",
    "LogLine",
    "OwnLimit",
    "QueueNow",
    "QueueView",
    "QuoteView",
    "ScheduleView",
    "StatSum",
    "StatsView",
    "StepView",
    "Submission",
    "Times",
    "TypeView",
    "Unreachable",
    "WaitTimeout",
    "WebhookView",
    "WhyView",
    "WorkerView",
    "default_data_folder",
    "find_address",
]
