"""What jobs do to their tenants' credits, inside the transactions that change the jobs.

Promise: a run's price is reserved in the transaction that makes it ready, and settled in the one
that ends it; what is rolled back took nothing. Both run last in their transaction: accounts are
locked after jobs, so that nobody waits in a circle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.domain.credit_errors import NotEnoughCredits
from haulage.domain.credits import Share
from haulage.storage import credit_sql


@dataclass(frozen=True, slots=True)
class Due:
    """What the next run of a job costs at most."""

    job_id: UUID
    run: int
    tenant: str
    amount: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A job whose run is over. `charge` is what it came to; None: its price if it succeeded, else
    nothing."""

    job_id: UUID
    charge: int | Share | None = None


async def reserve_in(connection: AsyncConnection, due: Sequence[Due], *, now: datetime) -> None:
    """Reserve all or none; raises `NotEnoughCredits`, after which the transaction must not commit.

    Tenants without an account are not charged. Again for the same run it changes nothing.
    """
    if not due:
        return
    tenants = [one.tenant for one in due]
    await connection.execute(credit_sql.LOCK_ACCOUNTS, {"tenants": list(set(tenants))})
    wanted = {
        "ids": [one.job_id for one in due],
        "runs": [one.run for one in due],
        "tenants": tenants,
        "amounts": [one.amount for one in due],
        "now": now,
    }
    for row in (await connection.execute(credit_sql.NEEDED, wanted)).all():
        if row.needed > row.available:
            raise NotEnoughCredits(needed=row.needed, available=row.available)
    await connection.execute(credit_sql.RESERVE, wanted)


async def settle_in(connection: AsyncConnection, ended: Sequence[Ended], *, now: datetime) -> None:
    """Charge what the runs came to and give the rest of their reservations back."""
    if not ended:
        return
    ids = [one.job_id for one in ended]
    await connection.execute(credit_sql.LOCK_ACCOUNTS_OF_JOBS, {"ids": ids})
    came_to = [one.charge for one in ended]
    shares = [one if isinstance(one, Share) else None for one in came_to]
    values = {
        "ids": ids,
        "charges": [None if isinstance(one, Share) else one for one in came_to],
        "parts": [one and one.part for one in shares],
        "wholes": [one and one.whole for one in shares],
        "now": now,
    }
    await connection.execute(credit_sql.SETTLE, values)
