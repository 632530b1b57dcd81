"""The poster: what the fetcher's guard refuses is refused here, at the connection itself."""

from contextlib import aclosing

import pytest

from haulage.domain.errors import NotRetryable, Retryable
from haulage.web.poster import EXCERPT_BYTES, Poster, PostLimits
from tests.support.receiver import OK, receiving, status


@pytest.fixture
async def receiver():
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def poster():
    async with aclosing(Poster(limits=PostLimits(total_s=5), allow_private=True)) as opened:
        yield opened


def resolving(*answers):
    """A resolver whose answers change from one call to the next."""
    left = list(answers)

    async def resolve(_host, _port):
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "[::ffff:127.0.0.1]"])
async def test_a_private_address_is_not_asked(receiver, host):
    async with aclosing(Poster()) as poster:
        with pytest.raises(NotRetryable) as raised:
            await poster.post(f"http://{host}:{receiver.port}/", b"{}", {})
    assert raised.value.code == "address_refused"
    assert receiver.connections == 0


@pytest.mark.parametrize("found", [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], []])
async def test_a_name_that_leads_inside_is_refused_before_anything_is_opened(receiver, found):
    async with aclosing(Poster(resolver=resolving(found))) as poster:
        with pytest.raises(NotRetryable) as raised:
            await poster.post(f"http://rebound.example:{receiver.port}/", b"{}", {})
    assert raised.value.code == "address_refused"
    assert receiver.connections == 0


async def test_a_name_is_looked_up_once_for_the_connection_that_is_made(receiver):
    names = resolving(["127.0.0.1"], ["10.0.0.1"])
    async with aclosing(Poster(allow_private=True, resolver=names)) as poster:
        answer = await poster.post(f"http://rebound.example:{receiver.port}/", b"{}", {})
    assert (answer.status, answer.excerpt) == (200, "ok")
    assert receiver.received[0].headers["host"] == f"rebound.example:{receiver.port}"


async def test_an_unknown_name_may_be_known_later():
    async def unknown(_host, _port):
        raise OSError("no such name")

    async with aclosing(Poster(resolver=unknown)) as poster:
        with pytest.raises(Retryable) as raised:
            await poster.post("https://nowhere.example/", b"{}", {})
    assert raised.value.code == "name_not_resolved"


async def test_a_connection_is_used_again(receiver, poster):
    for _ in range(3):
        await poster.post(receiver.url, b"{}", {})
    assert (len(receiver.received), receiver.connections) == (3, 1)


async def test_a_connection_that_was_closed_meanwhile_is_replaced(receiver, poster):
    async def once(writer):
        writer.write(OK)
        await writer.drain()
        writer.close()

    receiver.answer = once
    for _ in range(3):
        assert (await poster.post(receiver.url, b"{}", {})).is_success
    assert receiver.connections == 3


async def test_a_long_answer_costs_its_connection_and_no_more(receiver, poster):
    receiver.answer = status(200, "x" * 100_000)
    answer = await poster.post(receiver.url, b"{}", {})
    assert len(answer.excerpt) == EXCERPT_BYTES
    await poster.post(receiver.url, b"{}", {})
    assert receiver.connections == 2


async def test_a_server_that_speaks_no_http_is_a_connection_that_failed(receiver, poster):
    receiver.answer = b"220 mail.example ESMTP\r\n\r\n"
    with pytest.raises(Retryable) as raised:
        await poster.post(receiver.url, b"{}", {})
    assert raised.value.code == "connection_failed"
