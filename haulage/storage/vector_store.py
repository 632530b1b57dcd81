"""Known vectors: a cache in PostgreSQL, bounded in bytes, least recently used first to go."""

import struct
from collections.abc import Mapping, Sequence
from datetime import timedelta

import sqlalchemy as sa

from haulage.domain.clock import Clock
from haulage.domain.language_model import Vector
from haulage.storage.database import Database

# A vector in use is stamped anew this seldom: a read should not write.
STAMP_EVERY = timedelta(hours=1)

_GET = sa.text("SELECT key, vector, used_at FROM vectors WHERE key = ANY(CAST(:keys AS bytea[]))")
_STAMP = sa.text("UPDATE vectors SET used_at = :now WHERE key = ANY(CAST(:keys AS bytea[]))")
_PUT = sa.text("""
INSERT INTO vectors (key, vector, size, used_at)
SELECT item.key, item.vector, octet_length(item.vector), :now
FROM unnest(CAST(:keys AS bytea[]), CAST(:vectors AS bytea[])) AS item (key, vector)
ON CONFLICT DO NOTHING
""")
# From the most recently used on, keep as many as fit; the index alone answers.
_EDGE = sa.text("""
SELECT used_at FROM (
    SELECT used_at, sum(size) OVER (ORDER BY used_at DESC ROWS UNBOUNDED PRECEDING) AS held
    FROM vectors
) AS counted WHERE held > :most ORDER BY used_at DESC LIMIT 1
""")
_FORGET = sa.text("""
DELETE FROM vectors WHERE key = ANY(ARRAY(
    SELECT key FROM vectors WHERE used_at <= :edge ORDER BY used_at LIMIT :limit
    FOR UPDATE SKIP LOCKED))
""")


class VectorStore:
    """See `domain.ports.VectorCache`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def get(self, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        """Those that are known."""
        if not keys:
            return {}
        now = self._clock.now()
        async with self._database.reading() as connection:
            rows = (await connection.execute(_GET, {"keys": list(keys)})).all()
            old = [row.key for row in rows if now - row.used_at > STAMP_EVERY]
            if old:
                await connection.execute(_STAMP, {"keys": old, "now": now})
        return {bytes(row.key): unpacked(row.vector) for row in rows}

    async def put(self, vectors: Mapping[bytes, Vector]) -> None:
        """Remember; what is known already stays as it is."""
        # In the order of their keys, so that two writers never wait for each other in a circle.
        keys = sorted(vectors)
        async with self._database.transaction() as connection:
            await connection.execute(
                _PUT,
                {
                    "keys": keys,
                    "vectors": [packed(vectors[key]) for key in keys],
                    "now": self._clock.now(),
                },
            )

    async def forget_beyond(self, *, most_bytes: int, limit: int) -> int:
        """Forget up to `limit` of the longest unused vectors beyond `most_bytes`; how many."""
        async with self._database.transaction() as connection:
            edge = (await connection.execute(_EDGE, {"most": most_bytes})).scalar_one_or_none()
            if edge is None:
                return 0
            gone = await connection.execute(_FORGET, {"edge": edge, "limit": limit})
            return int(gone.rowcount)


def packed(vector: Vector) -> bytes:
    """As it is stored; nothing is lost to rounding."""
    return struct.pack(f"<{len(vector)}d", *vector)


def unpacked(raw: bytes) -> Vector:
    """The inverse of `packed`."""
    return struct.unpack(f"<{len(raw) // 8}d", raw)
