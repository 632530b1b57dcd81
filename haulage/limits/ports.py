"""What the limiter asks of PostgreSQL; `haulage/storage/` answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from haulage.domain.limits import QuarterUse


class UsageStore(Protocol):
    """Sums of usage by pool, whose it is, and quarter of an hour."""

    async def add(self, batch: UUID, uses: Sequence[QuarterUse]) -> None:
        """Add a batch, once however often it comes. Raises `Unavailable`."""
        ...

    async def since(self, pool: str, whose: str, quarter: datetime) -> Sequence[QuarterUse]:
        """The quarters from that one on. Raises `Unavailable`."""
        ...


class PoolStore(Protocol):
    """Pools that were set over HTTP. All raise `Unavailable`."""

    async def set(self, name: str, document: Mapping[str, Any], *, by: str) -> None:
        """Keep a pool's document."""
        ...

    async def remove(self, name: str) -> bool:
        """Forget it; False when it was not set."""
        ...

    async def all(self) -> Mapping[str, Mapping[str, Any]]:
        """Their documents by name."""
        ...
