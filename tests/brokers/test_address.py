"""One URL says the same to redis-py, kombu and py-amqp."""

import ssl

import pytest
from kombu import Connection

from haulage.brokers.address import read
from haulage.brokers.redis_clients import connect, connect_blocking
from haulage.domain.errors import HaulageError
from haulage.engine import transport
from haulage.engine.celery_app import make_celery, queue_arguments, wire_priority
from haulage.settings import SettingsFault, load

TLS = "rediss://:p%40ss@redis.example:7000/3?ssl_ca_certs=/ca.pem"


def kombu_connection(**environ: str) -> Connection:
    return make_celery(load(environ)).connection_for_write()


def test_tls_is_checked_unless_the_url_says_otherwise() -> None:
    # kombu alone would check nothing here.
    for tls in (read("rediss://one").tls, read("amqps://one").tls, read(TLS).tls):
        assert tls is not None
        assert tls.cert_reqs == ssl.CERT_REQUIRED
        assert tls.check_hostname
    connection = kombu_connection(HAULAGE_REDIS_URL="rediss://one")
    assert connection.ssl["ssl_cert_reqs"] == ssl.CERT_REQUIRED
    assert connection.ssl["ssl_check_hostname"] is True


@pytest.mark.parametrize("spelling", ["none", "NONE", "CERT_NONE"])
def test_both_libraries_spellings_mean_the_same(spelling: str) -> None:
    url = f"rediss://one?ssl_cert_reqs={spelling}"
    words = connect_blocking(url).connection_pool.connection_kwargs
    assert words["ssl_cert_reqs"] == ssl.CERT_NONE
    assert words["ssl_check_hostname"] is False
    assert kombu_connection(HAULAGE_REDIS_URL=url).ssl["ssl_cert_reqs"] == ssl.CERT_NONE


def test_password_database_and_files_reach_each_library() -> None:
    words = connect(TLS).connection_pool.connection_kwargs
    assert (words["host"], words["port"], words["db"]) == ("redis.example", 7000, 3)
    assert (words["password"], words["ssl_ca_certs"]) == ("p@ss", "/ca.pem")
    connection = kombu_connection(HAULAGE_REDIS_URL=TLS)
    assert (connection.hostname, connection.port) == ("redis.example", 7000)
    assert (connection.virtual_host, connection.password) == ("3", "p@ss")
    assert connection.ssl["ssl_ca_certs"] == "/ca.pem"


def test_sentinels_reach_each_library() -> None:
    url = "sentinel://u:p%2Fw@one:1,two/4?service=main&sentinel_password=s"
    address = read(url)
    assert address.hosts == (("one", 1), ("two", 26379))
    pool = connect(url).connection_pool
    assert pool.service_name == "main"
    assert pool.connection_kwargs["password"] == "p/w"
    [one, two] = pool.sentinel_manager.sentinels
    assert one.connection_pool.connection_kwargs["password"] == "s"
    assert two.connection_pool.connection_kwargs["port"] == 26379
    connection = kombu_connection(HAULAGE_REDIS_URL=url)
    assert isinstance(connection.transport, transport.SentinelTransport)
    assert connection.transport_options["sentinels"] == address.hosts
    # With more than one, kombu would go round them by its own transport.
    assert not connection.alt


def test_rabbitmq_has_quorum_queues_confirms_and_its_own_order_of_priorities() -> None:
    environ = {
        "HAULAGE_REDIS_URL": "redis://one",
        "HAULAGE_BROKER_URL": "amqps://u:p%2Fw@one,two:7/my%2Fhost?ssl_ca_certs=/ca.pem",
    }
    app = make_celery(load(environ))
    assert {queue.queue_arguments["x-queue-type"] for queue in app.conf.task_queues} == {"quorum"}
    assert app.conf.broker_transport_options["confirm_publish"] is True
    connection = app.connection_for_write()
    assert (connection.virtual_host, connection.password) == ("my/host", "p/w")
    assert isinstance(connection.transport, transport.RabbitTransport)
    assert len(connection.alt) == 2
    assert connection.ssl["ca_certs"] == "/ca.pem"
    broker = read(environ["HAULAGE_BROKER_URL"])
    high, normal, low = (wire_priority(priority, broker) for priority in (0, 3, 6))
    assert high > 4 >= normal > low
    assert queue_arguments(read("redis://one")) is None


def test_ipv6_hosts_and_ports_that_are_not_said() -> None:
    assert read("redis://[::1]:7000").hosts == (("::1", 7000),)
    assert read("amqps://one").hosts == (("one", 5671),)
    assert read("redis://[::1]:7000").celery_url() == "redis://[::1]:7000/"


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("rediss://:secret@h?ssl_ca_cert=/x", "Did you mean ssl_ca_certs?"),
        ("redis://:secret@h?ssl_ca_certs=/x", "rediss://"),
        ("rediss://:secret@h?ssl_cert_reqs=maybe", "none, optional, required"),
        ("sentinel://:secret@h:1", "?service=NAME"),
        ("redis://:secret@h,i", "several hosts"),
        ("redis://:secret@h/jobs", "/jobs"),
        ("redis://:secret@h:port", "host:port"),
        ("kafka://:secret@h", "amqp://"),
    ],
)
def test_a_fault_says_what_is_wrong_and_no_secret(url: str, hint: str) -> None:
    with pytest.raises(SettingsFault) as raised:
        read(url)
    assert hint in str(raised.value)
    assert "secret" not in str(raised.value)


def test_the_variable_at_fault_is_named() -> None:
    with pytest.raises(HaulageError, match="HAULAGE_BROKER_URL"):
        make_celery(load({"HAULAGE_REDIS_URL": "redis://h", "HAULAGE_BROKER_URL": "x://h"}))
