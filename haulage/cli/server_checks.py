"""What `haulage doctor` asks the servers: PostgreSQL, its schema, Redis, the broker, the API.

Drivers are imported inside the checks, which a light install skips. Each server gets a few seconds.
"""

import os
from collections.abc import Iterator
from typing import Any

from haulage.cli.findings import Finding, Level, Surroundings
from haulage.client import Client
from haulage.domain.errors import HaulageError

POSTGRES_MAJORS = range(15, 19)
OLDEST_REDIS = (6, 2)
# The first with quorum queues as they are today.
OLDEST_RABBIT = (3, 10)
CONNECT_TIMEOUT_S = 5


def server_checks(around: Surroundings) -> Iterator[Finding]:
    """The API, and where the server packages are installed the servers; changes nothing."""
    if around.has_server:
        yield from _database(around)
        yield from _redis(around)
        yield from _broker(around)
    yield from _api(around)


def _database(around: Surroundings) -> Iterator[Finding]:
    if not around.database_url:
        yield Finding(Level.WARN, "PostgreSQL", "HAULAGE_DATABASE_URL is not set", "haulage up")
        return
    import psycopg

    url = around.database_url.replace("postgresql+psycopg://", "postgresql://")
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            version = connection.info.server_version
    except psycopg.Error as error:
        yield Finding(
            Level.FAIL,
            "PostgreSQL",
            f"does not answer: {str(error).strip().splitlines()[0]}",
            "Start it, or correct HAULAGE_DATABASE_URL; `haulage up` brings its own.",
        )
        return
    major = version // 10000
    if major not in POSTGRES_MAJORS:
        yield Finding(
            Level.FAIL, "PostgreSQL", f"is version {major}; 15 to 18 will do", "Upgrade it."
        )
        return
    yield Finding(Level.OK, "PostgreSQL", f"version {major}.{version % 10000}")
    yield from _schema(around.database_url)


def _schema(url: str) -> Iterator[Finding]:
    from haulage.storage import migrate

    current, newest = migrate.status(url)
    if current == newest:
        yield Finding(Level.OK, "schema", f"up to date (revision {newest})")
    else:
        why = f"at revision {current or 'none'}, not at {newest}"
        yield Finding(Level.FAIL, "schema", why, "haulage db migrate")


def _redis(around: Surroundings) -> Iterator[Finding]:
    if not around.redis_url:
        yield Finding(Level.WARN, "Redis", "HAULAGE_REDIS_URL is not set", "haulage up")
        return
    yield from _one_redis("Redis", around.redis_url, "HAULAGE_REDIS_URL")


def _broker(around: Surroundings) -> Iterator[Finding]:
    if not around.broker_url:
        return
    from haulage.brokers.address import AMQP, read

    try:
        address = read(around.broker_url, variable="HAULAGE_BROKER_URL")
    except HaulageError as error:
        yield Finding(Level.FAIL, "broker", str(error), "Correct it, or unset it to use Redis.")
        return
    if address.kind == AMQP:
        yield from _rabbit(around, address)
    else:
        yield from _one_redis("broker", around.broker_url, "HAULAGE_BROKER_URL")


def _rabbit(around: Surroundings, address: Any) -> Iterator[Finding]:
    from haulage.engine.celery_app import make_celery
    from haulage.engine.rabbit import require_rabbit
    from haulage.settings import BrokerSettings, Settings

    # Nothing is read from the environment: what else is wrong there is another check's business.
    settings = Settings.model_construct(broker=BrokerSettings(url=around.broker_url))
    try:
        version = require_rabbit(make_celery(settings))
    except HaulageError as error:
        yield Finding(Level.FAIL, "broker", str(error), getattr(error, "hint", ""))
        return
    if _numbers(version) < OLDEST_RABBIT:
        why = f"RabbitMQ {version} is older than 3.10; it may lose a quorum queue's messages"
        yield Finding(Level.WARN, "broker", why, "Upgrade it.")
        return
    yield Finding(Level.OK, "broker", f"RabbitMQ {version} at {address.shown}")
    yield from _unchecked("broker", address)


def _one_redis(what: str, url: str, variable: str) -> Iterator[Finding]:
    import redis

    from haulage.brokers.address import AMQP, read
    from haulage.brokers.redis_clients import connect_blocking

    try:
        address = read(url, variable=variable)
        if address.kind == AMQP:
            why = f"{variable} is a RabbitMQ; Haulage needs a Redis beside it"
            yield Finding(Level.FAIL, what, why, f"export HAULAGE_BROKER_URL=${variable}")
            return
        with connect_blocking(
            url, socket_connect_timeout=CONNECT_TIMEOUT_S, socket_timeout=CONNECT_TIMEOUT_S
        ) as server:
            info: Any = server.info()
    except (HaulageError, redis.RedisError, OSError, ValueError) as error:
        yield Finding(
            Level.FAIL,
            what,
            str(error) if isinstance(error, HaulageError) else f"does not answer: {error}",
            f"Start it, or correct {variable}; `haulage up` brings its own.",
        )
        return
    version = str(info["redis_version"])
    if _numbers(version) < OLDEST_REDIS:
        yield Finding(Level.FAIL, what, f"{version} is older than 6.2", "Upgrade it.")
        return
    yield Finding(Level.OK, what, f"version {version}{_how(address)}")
    yield from _unchecked(what, address)
    policy = info.get("maxmemory_policy", "noeviction")
    if info.get("maxmemory") and policy != "noeviction":
        yield Finding(
            Level.WARN,
            f"{what} memory",
            f"maxmemory-policy is {policy}: under pressure it throws doorbells and limits away",
            "redis-cli config set maxmemory-policy noeviction",
        )
    else:
        yield Finding(Level.OK, f"{what} memory", "nothing is evicted")


def _how(address: Any) -> str:
    watched = f", master of {address.service} behind Sentinel" if address.service else ""
    return f"{watched}, over TLS" if address.tls else watched


def _unchecked(what: str, address: Any) -> Iterator[Finding]:
    if address.tls is not None and not address.tls.check_hostname:
        why = "the URL says not to check who answers, so anybody in between can read and write"
        mend = "Give the URL ssl_ca_certs=… and leave ssl_cert_reqs and ssl_check_hostname out."
        yield Finding(Level.WARN, f"{what} TLS", why, mend)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _api(around: Surroundings) -> Iterator[Finding]:
    said_where = bool(os.environ.get("HAULAGE_URL")) or around.is_up
    try:
        with Client(timeout_s=CONNECT_TIMEOUT_S) as client:
            health = client.health()
            url = client.address.url
    except HaulageError as error:
        # Nobody promised an API here; that none runs is no fault then.
        level = Level.FAIL if said_where else Level.WARN
        yield Finding(level, "API", str(error), getattr(error, "hint", "") or "haulage up")
    else:
        yield Finding(Level.OK, "API", f"{url} answers: {health.get('status', 'ok')}")
