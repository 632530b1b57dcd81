"""Requests about credits."""

from collections.abc import Mapping
from typing import Any

from haulage.client.calls import API, Call, Submission, page, read_list, said
from haulage.client.credit_models import (
    BalanceView,
    EntryView,
    FindingView,
    GrantView,
    QuoteView,
)
from haulage.client.models import Page

CREDITS = f"{API}/credits"


def balance() -> Call[BalanceView]:
    """GET /credits."""
    return Call("GET", CREDITS, BalanceView.from_json)


def entries_page(
    filters: Mapping[str, Any], page_size: int | None, cursor: str | None
) -> Call[Page[EntryView]]:
    """GET /credits/entries."""
    return page(f"{CREDITS}/entries", EntryView.from_json, {**filters, "limit": page_size}, cursor)


def grant(body: Mapping[str, Any]) -> Call[GrantView]:
    """POST /credits/grants. Sent again only under a reference: without one it would count twice."""
    return Call(
        "POST",
        f"{CREDITS}/grants",
        GrantView.from_json,
        body=said(body),
        repeatable=body.get("reference") is not None,
    )


def quote(job: Submission) -> Call[QuoteView]:
    """POST /credits/quote."""
    return Call("POST", f"{CREDITS}/quote", QuoteView.from_json, body=job.to_json())


def audit() -> Call[list[FindingView]]:
    """GET /credits/audit."""
    return Call("GET", f"{CREDITS}/audit", read_list(FindingView.from_json))
