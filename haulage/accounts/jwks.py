"""The public keys of whoever issues tokens, from its JWKS URL.

They are fetched when the first token comes, anew every `FRESH_S`, and once for a token that names a
key we don't know, as after a rotation; never more often than every `PAUSE_S`, whatever tokens come.
While the issuer is away the keys we have go on counting.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from haulage.domain.errors import Unavailable
from haulage.telemetry import logs

log = logs.get(__name__)

FRESH_S = 300.0
PAUSE_S = 10.0
MAX_KEYS = 100
# Never `oct`: a secret does not lie about in public, and could be confused with a public key.
_PUBLIC = frozenset({"RSA", "EC", "OKP"})

# Gives the document's bytes; raises `OSError` or `ValueError`.
Fetch = Callable[[], Awaitable[bytes]]


class Jwks:
    """The keys by their `kid`, for one event loop."""

    def __init__(self, fetch: Fetch, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._now_s = now_s
        self._keys: dict[str, Key] | None = None
        self._fetched_at = self._tried_at = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def find(self, kid: str) -> Key | None:
        """The key of that name; raises `Unavailable` when there are none yet to look in."""
        if self._keys is None or kid not in self._keys or self._is_old():
            await self._refresh(kid)
        if self._keys is None:
            raise Unavailable("The keys that tokens are checked with can't be fetched right now.")
        return self._keys.get(kid)

    def _is_old(self) -> bool:
        return self._now_s() - self._fetched_at > FRESH_S

    async def _refresh(self, kid: str) -> None:
        async with self._one_at_a_time:
            # Others who waited with us may have fetched it meanwhile.
            if self._keys is not None and kid in self._keys and not self._is_old():
                return
            if self._now_s() - self._tried_at < PAUSE_S:
                return
            self._tried_at = self._now_s()
            try:
                self._keys = dict(_read(await self._fetch()))
            except (OSError, ValueError) as error:
                log.warning("jwks.unreachable", reason=type(error).__name__)
            else:
                self._fetched_at = self._now_s()


def _read(document: bytes) -> Iterator[tuple[str, Key]]:
    said = json.loads(document)
    keys = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(keys, list):
        raise ValueError("no JWKS document")
    for one in keys[:MAX_KEYS]:
        if not isinstance(one, dict) or one.get("kty") not in _PUBLIC:
            continue
        kid = one.get("kid")
        # A set may hold keys of kinds to come: they are left out, the others count.
        try:
            key = JWKRegistry.import_key(one)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(kid, str):
            yield kid, key
