"""What the limiter asks of PostgreSQL; `haulage/storage/` answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from haulage.domain.limits import QuarterUse, SetPool


class UsageStore(Protocol):
    """Sums of usage by pool, whose it is, and quarter of an hour."""

    async def add(self, batch: UUID, uses: Sequence[QuarterUse]) -> None:
        """Add a batch, once however often it comes. Raises `Unavailable`."""
        ...

    async def since(self, pool: str, whose: str, quarter: datetime) -> Sequence[QuarterUse]:
        """The quarters from that one on. Raises `Unavailable`."""
        ...


class PoolStore(Protocol):
    """Pools that were set over HTTP. All raise `Unavailable`.

    `over` is the version that is to be replaced, `NOT_SET` for none; None for whatever is there.
    False: something else is there, and nothing was done.
    """

    async def set(
        self, name: str, document: Mapping[str, Any], *, by: str, over: str | None = None
    ) -> bool:
        """Keep a pool's document."""
        ...

    async def remove(self, name: str, *, over: str | None = None) -> bool:
        """Forget it; False when it was not set, too."""
        ...

    async def all(self) -> Mapping[str, SetPool]:
        """All of them by name."""
        ...
