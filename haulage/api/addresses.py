"""Where a request comes from: the address of its connection, or what proxies of ours say of it.

`X-Forwarded-For` is a list that every proxy adds its own client to, on the right; what stands to
the left of the first address that we do not trust may be anybody's invention. So it is read from
the right, as long as those who wrote are proxies of ours, and not at all when the connection is not
from one.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache

from starlette.requests import HTTPConnection

from haulage.settings.api import Network

UNKNOWN = "unknown"
_FORWARDED = b"x-forwarded-for"


def address_of(connection: HTTPConnection, trusted: Sequence[Network]) -> str:
    """The caller's address, by the word of `trusted` proxies where there are any."""
    peer = connection.client.host if connection.client else UNKNOWN
    if not trusted:
        return peer
    said = [value for name, value in connection.scope["headers"] if name == _FORWARDED]
    return _behind(peer, b",".join(said), tuple(trusted)) if said else peer


@lru_cache(maxsize=1024)
def _behind(peer: str, said: bytes, trusted: tuple[Network, ...]) -> str:
    nearest = peer
    for hop in reversed(said.decode("latin-1").split(",")):
        if not _is_in(nearest, trusted):
            break
        found = _plain(hop.strip())
        if found is None:
            break
        nearest = found
    return nearest


def _is_in(address: str, networks: Iterable[Network]) -> bool:
    try:
        its = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(its, "ipv4_mapped", None) or its
    return any(mapped in network for network in networks)


def _plain(hop: str) -> str | None:
    """An address without a port and brackets; None for what is none."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(ipaddress.ip_address(hop))
    except ValueError:
        return None
