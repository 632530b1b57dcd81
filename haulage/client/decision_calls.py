"""Requests that decide about jobs that are over: run again, discard, one by one or in bulk."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from haulage.client.calls import API, Call, job_path, keyed, page, said
from haulage.client.decision_models import BulkPreview, BulkView, GroupView
from haulage.client.models import JobView, Page

DEAD_LETTERS = f"{API}/dead-letters"
BULK = f"{API}/bulk"


def retry(job_id: UUID | str) -> Call[JobView]:
    """POST /jobs/{id}/retry. Not sent again: the second answer would be 'it is running'."""
    return Call("POST", f"{job_path(job_id)}/retry", JobView.from_json, repeatable=False)


def redrive(job_id: UUID | str) -> Call[JobView]:
    """POST /dead-letters/{id}/redrive. Not sent again, like `retry`."""
    return Call("POST", f"{_dead_letter(job_id)}/redrive", JobView.from_json, repeatable=False)


def discard(job_id: UUID | str) -> Call[JobView]:
    """POST /dead-letters/{id}/discard: discarding twice is discarding once."""
    return Call("POST", f"{_dead_letter(job_id)}/discard", JobView.from_json)


def groups_page(
    filters: Mapping[str, Any], page_size: int | None, cursor: str | None
) -> Call[Page[GroupView]]:
    """GET /dead-letters/groups."""
    return page(
        f"{DEAD_LETTERS}/groups", GroupView.from_json, {**filters, "limit": page_size}, cursor
    )


def preview_bulk(action: str, wanted: Mapping[str, Any]) -> Call[BulkPreview]:
    """POST /bulk/preview: changes nothing."""
    body = {"action": action, "filter": said(wanted)}
    return Call("POST", f"{BULK}/preview", BulkPreview.from_json, body=body)


def start_bulk(
    action: str,
    wanted: Mapping[str, Any],
    *,
    frozen_at: datetime | str | None,
    reason: str | None,
    key: str,
) -> Call[BulkView]:
    """POST /bulk, under an idempotency key: sent twice it is one operation."""
    body = {"action": action, "filter": said(wanted)}
    body |= said({"frozen_at": frozen_at, "reason": reason})
    return Call("POST", BULK, BulkView.from_json, body=body, headers=keyed(key))


def bulk_page(page_size: int | None, cursor: str | None) -> Call[Page[BulkView]]:
    """GET /bulk."""
    return page(BULK, BulkView.from_json, {"limit": page_size}, cursor)


def bulk(bulk_id: UUID | str) -> Call[BulkView]:
    """GET /bulk/{id}."""
    return Call("GET", _bulk(bulk_id), BulkView.from_json)


def abort_bulk(bulk_id: UUID | str) -> Call[BulkView]:
    """POST /bulk/{id}/abort: aborting twice is aborting once."""
    return Call("POST", f"{_bulk(bulk_id)}/abort", BulkView.from_json)


def _dead_letter(job_id: UUID | str) -> str:
    return f"{DEAD_LETTERS}/{quote(str(job_id), safe='')}"


def _bulk(bulk_id: UUID | str) -> str:
    return f"{BULK}/{quote(str(bulk_id), safe='')}"
