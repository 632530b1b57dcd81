"""What the books of one tenant should say, reckoned lot by lot."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from haulage.domain.job import NewJob


@dataclass
class Known:
    """A job as far as its credits go; `open` while its run's reservation is."""

    new: NewJob
    run: int = 1
    open: bool = True
    cost: int = 0


@dataclass
class Lot:
    remaining: int
    expires_at: datetime | None

    def is_live(self, now: datetime) -> bool:
        return self.remaining > 0 and (self.expires_at is None or self.expires_at > now)


@dataclass
class Books:
    """`drawn` has the open reservations: for each job, what it took from which lot, in order."""

    lots: list[Lot] = field(default_factory=list)
    drawn: dict[UUID, list[tuple[Lot, int]]] = field(default_factory=dict)
    spent: int = 0
    expired: int = 0

    def available(self, now: datetime) -> int:
        return sum(lot.remaining for lot in self.lots if lot.is_live(now))

    @property
    def reserved(self) -> int:
        return sum(amount for draws in self.drawn.values() for _, amount in draws)

    def reserve(self, job_id: UUID, price: int, now: datetime) -> None:
        assert job_id not in self.drawn
        draws = self.drawn[job_id] = []
        forever = datetime.max.replace(tzinfo=now.tzinfo)
        for lot in sorted(self.lots, key=lambda one: one.expires_at or forever):
            if price and lot.is_live(now):
                amount = min(price, lot.remaining)
                lot.remaining -= amount
                price -= amount
                draws.append((lot, amount))
        assert price == 0

    def settle(self, job_id: UUID, charge: int) -> None:
        draws = self.drawn.pop(job_id)
        refund = sum(amount for _, amount in draws) - charge
        for lot, amount in reversed(draws):
            back = min(refund, amount)
            lot.remaining += back
            refund -= back
        self.spent += charge

    def expire(self, now: datetime) -> None:
        for lot in self.lots:
            if lot.expires_at is not None and lot.expires_at <= now:
                self.expired += lot.remaining
                lot.remaining = 0
