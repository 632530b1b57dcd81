# Made by tools/blocking_client.py from haulage/client/awaiting/credits.py: change that one.

"""What a client does with credits."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from haulage.client import credit_calls
from haulage.client.blocking.caller import Caller
from haulage.client.calls import Submission
from haulage.client.credit_models import (
    BalanceView,
    EntryView,
    FindingView,
    GrantView,
    QuoteView,
)


class Credits(Caller):
    """Balances, entries, grants, prices."""

    def credits(self) -> BalanceView:
        """What your tenant may spend, and what is reserved."""
        return self._send(credit_calls.balance())

    def credit_entries(
        self,
        *,
        kind: str | Sequence[str] = (),
        job: UUID | str | None = None,
        page_size: int | None = None,
    ) -> Iterator[EntryView]:
        """Every move of your tenant's credits, newest first."""
        filters = {"kind": kind, "job": job and str(job)}
        return self._pages(lambda at: credit_calls.entries_page(filters, page_size, at))

    def grant_credits(
        self,
        amount: int,
        *,
        tenant: str | None = None,
        expires_at: datetime | None = None,
        note: str | None = None,
        reference: str | None = None,
    ) -> GrantView:
        """Give credits; a tenant's first grant opens its account. Under a `reference` it counts
        once, however often it is sent."""
        body = {
            "amount": amount,
            "tenant": tenant,
            "expires_at": expires_at,
            "note": note,
            "reference": reference,
        }
        return self._send(credit_calls.grant(body))

    def quote(self, type: str, input: Any = None) -> QuoteView:
        """What a job would cost at most; nothing is reserved."""
        return self._send(credit_calls.quote(Submission(type, input)))

    def audit_credits(self) -> Sequence[FindingView]:
        """What in the books of all tenants does not agree; nothing is mended."""
        return self._send(credit_calls.audit())
