"""Private addresses are refused, whichever way they are written or reached."""

from ipaddress import ip_network

import pytest

from haulage.domain.errors import NotRetryable, Retryable
from haulage.web.addresses import is_public, may_be_asked, parse_address
from haulage.web.fetcher import Fetcher

PUBLIC = "93.184.215.14"


def answering(**names: str):
    """A resolver that knows these names, and takes an address for itself."""

    async def resolver(host: str, port: int) -> list[str]:
        return names.get(host.replace(".", "_"), host).split()

    return resolver


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1.2.3",
        "localhost",
        "10.0.0.5",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "2130706433",
        "0x7f000001",
        "127.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[fe80::1]",
        "[fd00::1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::127.0.0.1]",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
async def test_an_address_that_is_not_public_is_refused(site, host):
    with pytest.raises(NotRetryable) as raised:
        await Fetcher().get(f"http://{host}:{site.port}/")

    assert raised.value.code == "address_refused"
    assert site.connections == 0


async def test_octal_addresses_are_refused(site):
    with pytest.raises(NotRetryable):
        await Fetcher(allow_private=False).get(f"http://0177.0.0.1:{site.port}/")

    assert site.connections == 0


async def test_a_network_can_be_allowed_alone(site):
    site.answers("/a", "inside")
    fetcher = Fetcher(allowed=[ip_network("127.0.0.0/8")])

    assert (await fetcher.get(site.url("/a"))).text == "inside"


async def test_a_name_with_one_private_address_among_public_ones_is_refused(site):
    fetcher = Fetcher(resolver=answering(two_example=f"{PUBLIC} 127.0.0.1"))

    with pytest.raises(NotRetryable) as raised:
        await fetcher.get(f"http://two.example:{site.port}/")

    assert raised.value.code == "address_refused"


async def test_a_redirect_to_a_private_address_is_refused(site):
    site.answers("/a", b"", status="302 Found", headers={"Location": "http://10.0.0.5/secret"})
    fetcher = Fetcher(allowed=[ip_network("127.0.0.1/32")])

    with pytest.raises(NotRetryable) as raised:
        await fetcher.get(site.url("/a"))

    assert raised.value.code == "address_refused"
    assert site.requests == ["/a"]


async def test_a_name_that_changes_its_mind_is_refused_when_connecting(site):
    """DNS rebinding: public when it is judged, loopback when it is used."""
    site.answers("/secret")
    fetcher = Fetcher(resolver=answering(localhost=PUBLIC))

    with pytest.raises(NotRetryable) as raised:
        await fetcher.get(site.url("/secret", host="localhost"))

    assert raised.value.code == "address_refused"
    assert site.requests == []


async def test_a_setting_allows_private_addresses(site):
    site.answers("/a", "inside")

    assert (await Fetcher(allow_private=True).get(site.url("/a"))).text == "inside"


async def test_multicast_is_refused_even_where_private_addresses_are_allowed():
    with pytest.raises(NotRetryable):
        await Fetcher(allow_private=True).get("http://224.0.0.1/")


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are_public(address):
    assert is_public(parse_address(address))


@pytest.mark.parametrize(
    "address",
    ["fec0::1", "ff02::1", "2001:0:4136:e378::", "64:ff9b:1::808:808", "240.0.0.1", "fe80::1%eth0"],
)
def test_addresses_of_nobodys_web_server_are_not_public(address):
    assert not is_public(parse_address(address))


def test_allowing_private_addresses_allows_loopback():
    assert may_be_asked(parse_address("127.0.0.1"), allow_private=True)


async def test_a_refusal_is_not_a_network_error(site):
    """Open and closed ports inside must look the same from outside."""
    answers = set()
    for port in (site.port, 1):
        with pytest.raises((NotRetryable, Retryable)) as raised:
            await Fetcher().get(f"http://127.0.0.1:{port}/")
        answers.add((type(raised.value), str(raised.value)))

    assert len(answers) == 1
