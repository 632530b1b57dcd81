"""Haulage: durable background jobs for long-running AI and document work.

What a file with a job type needs is here; the client too. Everything is imported when it is first
used, so that `import haulage` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from haulage.client import AsyncClient, Client
    from haulage.domain.backoff import Backoff
    from haulage.domain.context import (
        BlockingContext,
        Child,
        ChildOutcome,
        Context,
        Part,
        version,
    )
    from haulage.domain.errors import NotRetryable, Retryable, Snoozed
    from haulage.domain.file_ids import FileId, PdfId
    from haulage.domain.files import FileInfo, FileOnDisk, StoredFile
    from haulage.domain.job_type import Policy, job_type
    from haulage.storage.callers_transaction import submit_in

_HOMES = {
    "AsyncClient": "haulage.client",
    "Backoff": "haulage.domain.backoff",
    "BlockingContext": "haulage.domain.context",
    "Child": "haulage.domain.context",
    "ChildOutcome": "haulage.domain.context",
    "Client": "haulage.client",
    "Context": "haulage.domain.context",
    "FileId": "haulage.domain.file_ids",
    "FileInfo": "haulage.domain.files",
    "FileOnDisk": "haulage.domain.files",
    "NotRetryable": "haulage.domain.errors",
    "Part": "haulage.domain.context",
    "PdfId": "haulage.domain.file_ids",
    "Policy": "haulage.domain.job_type",
    "Retryable": "haulage.domain.errors",
    "Snoozed": "haulage.domain.errors",
    "StoredFile": "haulage.domain.files",
    "job_type": "haulage.domain.job_type",
    "submit_in": "haulage.storage.callers_transaction",
    "version": "haulage.domain.context",
}

__all__ = [
    "AsyncClient",
    "Backoff",
    "BlockingContext",
    "Child",
    "ChildOutcome",
    "Client",
    "Context",
    "FileId",
    "FileInfo",
    "FileOnDisk",
    "NotRetryable",
    "Part",
    "PdfId",
    "Policy",
    "Retryable",
    "Snoozed",
    "StoredFile",
    "__version__",
    "job_type",
    "submit_in",
    "version",
]


def __getattr__(name: str) -> Any:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'haulage' has no attribute {name!r}") from None
    return getattr(import_module(home), name)
