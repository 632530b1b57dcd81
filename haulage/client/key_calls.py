"""Requests about callers, keys and the audit."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from haulage.client.calls import API, Call, page, read_list, said
from haulage.client.key_models import AuditView, CallerView, KeyView
from haulage.client.models import Page

KEYS = f"{API}/keys"


def whoami() -> Call[CallerView]:
    """GET /me, with limits and credits."""
    return Call("GET", f"{API}/me", CallerView.from_json, {"include": "limits,credits"})


def keys(tenant: str | None) -> Call[list[KeyView]]:
    """GET /keys."""
    return Call("GET", KEYS, read_list(KeyView.from_json), said({"tenant": tenant}))


def key(key_id: UUID | str) -> Call[KeyView]:
    """GET /keys/{id}."""
    return Call("GET", _key(key_id), KeyView.from_json)


def create(body: Mapping[str, Any]) -> Call[KeyView]:
    """POST /keys. Not sent again: each makes a key, and the answer alone shows it."""
    return Call("POST", KEYS, KeyView.from_json, body=said(body), repeatable=False)


def rotate(key_id: UUID | str, overlap_s: int) -> Call[KeyView]:
    """POST /keys/{id}/rotate: each makes a key."""
    path, body = f"{_key(key_id)}/rotate", {"overlap_s": overlap_s}
    return Call("POST", path, KeyView.from_json, body=body, repeatable=False)


def revoke(key_id: UUID | str) -> Call[KeyView]:
    """DELETE /keys/{id}."""
    return Call("DELETE", _key(key_id), KeyView.from_json)


def audit(
    filters: Mapping[str, Any], page_size: int | None, cursor: str | None
) -> Call[Page[AuditView]]:
    """GET /audit."""
    return page(f"{API}/audit", AuditView.from_json, {**filters, "limit": page_size}, cursor)


def _key(key_id: UUID | str) -> str:
    return f"{KEYS}/{quote(str(key_id), safe='')}"
