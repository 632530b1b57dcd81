"""Accounts of credits: grants, balances, entries, and what is over by time.

Promise: a grant counts once, however often it is sent under its reference. Entries are never
changed; whoever wants to take one back makes another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from haulage.domain.clock import Clock
from haulage.domain.credits import Kind
from haulage.domain.errors import InputFault
from haulage.domain.ids import uuid7
from haulage.storage import credit_sql
from haulage.storage.database import Database
from haulage.storage.tables import credit_accounts, credit_entries, credit_grants


class GrantMismatch(InputFault):
    """The reference came with another grant before."""

    code = "grant_mismatch"


@dataclass(frozen=True, slots=True)
class Balance:
    """What a tenant has, in credits. `next_expiry_at` is of what is available."""

    tenant: str
    opened_at: datetime
    available: int
    reserved: int
    spent: int
    next_expiry_at: datetime | None


@dataclass(frozen=True, slots=True)
class Grant:
    """Credits given to a tenant; `remaining` of them are neither reserved nor gone."""

    id: UUID
    tenant: str
    amount: int
    remaining: int
    granted_at: datetime
    granted_by: str
    expires_at: datetime | None
    note: str | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """`amount` credits that moved from the book `source` to the book `target`."""

    id: int
    kind: str
    source: str
    target: str
    amount: int
    at: datetime
    job_id: UUID | None
    run: int | None
    grant_id: UUID | None


_ENTRIES = sa.select(*(one for one in credit_entries.c if one.name != "tenant"))


class CreditStore:
    """The accounts of one installation."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def grant(
        self,
        tenant: str,
        amount: int,
        *,
        by: str,
        expires_at: datetime | None = None,
        note: str | None = None,
        reference: str | None = None,
    ) -> Grant:
        """Give credits; the first grant opens the account, and from then on `tenant` is charged.

        Under a `reference` that came before the grant of that time is the answer; raises
        `GrantMismatch` where that one was another.
        """
        values = {"id": uuid7(), "tenant": tenant, "amount": amount, "by": by, "note": note}
        values |= {"expires_at": expires_at, "reference": reference, "now": self._clock.now()}
        async with self._database.transaction() as connection:
            await connection.execute(credit_sql.OPEN, values)
            await connection.execute(credit_sql.LOCK_ACCOUNTS, {"tenants": [tenant]})
            added = (await connection.execute(credit_sql.GRANT, values)).one_or_none()
            known = credit_grants.c.id == values["id"]
            if added is None:
                known = sa.and_(
                    credit_grants.c.tenant == tenant, credit_grants.c.reference == reference
                )
            row = (await connection.execute(sa.select(credit_grants).where(known))).one()
        found = Grant(**row._asdict())
        if (found.amount, found.expires_at) != (amount, expires_at):
            raise GrantMismatch(
                f"The reference {reference!r} came with another grant before: {found.amount} "
                "credits. Take a new reference for a new grant."
            )
        return found

    async def has_account(self, tenant: str) -> bool:
        """Whether `tenant` is charged."""
        query = sa.select(credit_accounts.c.tenant).where(credit_accounts.c.tenant == tenant)
        async with self._database.reading() as connection:
            return (await connection.execute(query)).one_or_none() is not None

    async def balance(self, tenant: str) -> Balance | None:
        """What `tenant` has; None: it has no account and is not charged."""
        values = {"tenant": tenant, "now": self._clock.now()}
        async with self._database.reading() as connection:
            row = (await connection.execute(credit_sql.BALANCE, values)).one_or_none()
        return None if row is None else Balance(**row._asdict())

    async def entries(
        self,
        tenant: str,
        *,
        limit: int,
        before: int | None = None,
        kinds: Sequence[Kind] = (),
        job_id: UUID | None = None,
    ) -> list[Entry]:
        """Up to `limit` entries older than the one with the number `before`, newest first."""
        query = _ENTRIES.where(credit_entries.c.tenant == tenant)
        if before is not None:
            query = query.where(credit_entries.c.id < before)
        if kinds:
            query = query.where(credit_entries.c.kind.in_([kind.value for kind in kinds]))
        if job_id is not None:
            query = query.where(credit_entries.c.job_id == job_id)
        query = query.order_by(credit_entries.c.id.desc()).limit(limit)
        async with self._database.reading() as connection:
            return [Entry(**row._asdict()) for row in await connection.execute(query)]

    async def expire(self, *, limit: int) -> int:
        """Let grants expire whose time is over, of those tenants that own the `limit` oldest; how
        many. What of them is reserved stays so, and expires when it comes back."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            rows = await connection.execute(
                credit_sql.WITH_DUE_GRANTS, {"now": now, "limit": limit}
            )
            tenants = [row.tenant for row in rows]
            if not tenants:
                return 0
            await connection.execute(credit_sql.LOCK_ACCOUNTS, {"tenants": tenants})
            expired = await connection.execute(credit_sql.EXPIRE, {"tenants": tenants, "now": now})
            return int(expired.scalar_one())
