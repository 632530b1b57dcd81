"""Our transport forgives a channel that is gone, which the stock one does not."""

from collections.abc import Iterator

import pytest
import redis
from kombu import Connection
from kombu.transport.redis import Transport as StockTransport

from haulage.engine import transport


@pytest.fixture
def connection(redis_url: str) -> Iterator[Connection]:
    with Connection(redis_url, transport=transport.NAME) as made:
        yield made


def fetched(connection: Connection):
    """A message that was published, fetched and not acknowledged."""
    queue = connection.SimpleQueue("test")
    queue.put({"a": 1})
    return queue.get(timeout=10)


def unacked(redis_url: str) -> int:
    with redis.Redis.from_url(redis_url) as client:
        return int(client.hlen("unacked"))


def test_it_is_found_by_its_name(connection: Connection) -> None:
    assert isinstance(connection.transport, transport.Transport)
    assert transport.Transport.__mro__[1] is StockTransport


def test_a_message_is_acknowledged_as_usual(connection: Connection, redis_url: str) -> None:
    message = fetched(connection)
    assert unacked(redis_url) == 1
    message.ack()
    assert unacked(redis_url) == 0


@pytest.mark.parametrize("act", ["ack", "reject", "requeue"])
def test_answering_on_a_channel_that_is_gone_does_nothing(
    connection: Connection, redis_url: str, act: str
) -> None:
    message = fetched(connection)
    message.channel.close()
    getattr(message, act)()
    assert unacked(redis_url) == 1


def test_the_stock_transport_would_end_the_worker_here(redis_url: str) -> None:
    with Connection(redis_url) as stock:
        message = fetched(stock)
        message.channel.qos.restore_at_shutdown = False
        message.channel.close()
        with pytest.raises(AttributeError):
            message.ack()


def test_closing_with_unacknowledged_messages_does_not_try_to_restore_them(
    connection: Connection, redis_url: str
) -> None:
    fetched(connection)
    connection.close()
    with redis.Redis.from_url(redis_url) as client:
        assert client.llen("test") == 0
    assert unacked(redis_url) == 1
