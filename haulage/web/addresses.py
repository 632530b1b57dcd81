"""Which IP addresses a request may go to.

`ipaddress.is_global` alone is not enough: it says yes to multicast, to `::127.0.0.1`, and to
`2002:7f00:1::`, which a tunnel turns into loopback. So an address that carries an IPv4 address is
judged by that one (mapped, NAT64), or refused where nobody's web server lives (6to4, Teredo,
IPv4-compatible, locally assigned NAT64).
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")
_NOBODYS = (
    IPv6Network("::/96"),  # IPv4-compatible
    IPv6Network("64:ff9b:1::/48"),  # NAT64 as each network likes
    IPv6Network("2001::/32"),  # Teredo
    IPv6Network("2002::/16"),  # 6to4
    IPv6Network("fec0::/10"),  # site-local
)


def parse_address(text: str) -> Address:
    """An IP address, an IPv6 zone (`%eth0`) dropped; raises ValueError."""
    return ip_address(text.partition("%")[0])


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could reach `address`, whichever way it is written."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(IPv4Address(address.packed[-4:]))
        if any(address in network for network in _NOBODYS):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def may_be_asked(address: Address, *, allow_private: bool, allowed: Sequence[Network] = ()) -> bool:
    """Whether a request may go to `address`: public, within `allowed`, or anything private.

    Multicast is nobody's web server, whoever allows it.
    """
    if address.is_multicast:
        return False
    return allow_private or any(address in network for network in allowed) or is_public(address)
