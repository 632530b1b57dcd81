"""Settings of PostgreSQL."""

from pydantic import BaseModel, Field


class DatabaseSettings(BaseModel):
    """PostgreSQL, 15 to 18. `url` is `postgresql://user:password@host:port/name`.

    Where it leads through a pooler that lends a connection for one transaction, `direct_url` names
    the server itself: for what belongs to a session, such as leadership and LISTEN.
    """

    url: str | None = None
    direct_url: str | None = None
    pool_size: int = Field(default=8, ge=1, le=200)
    connect_timeout_s: float = Field(default=5.0, gt=0)

    @property
    def pooled(self) -> bool:
        """Whether consecutive transactions may meet different sessions of the server."""
        return self.direct_url is not None
