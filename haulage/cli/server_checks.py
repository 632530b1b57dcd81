"""What `haulage doctor` asks the servers: PostgreSQL, its schema, Redis, the API.

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
CONNECT_TIMEOUT_S = 5


def server_checks(around: Surroundings) -> Iterator[Finding]:
    """PostgreSQL and Redis where the server packages are installed; the API; changes nothing."""
    if around.has_server:
        yield from _database(around)
        yield from _redis(around)
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
    import redis

    server = redis.Redis.from_url(
        around.redis_url, socket_connect_timeout=CONNECT_TIMEOUT_S, socket_timeout=CONNECT_TIMEOUT_S
    )
    try:
        with server:
            info: Any = server.info()
    except (redis.RedisError, OSError, ValueError) as error:
        yield Finding(
            Level.FAIL,
            "Redis",
            f"does not answer: {error}",
            "Start it, or correct HAULAGE_REDIS_URL; `haulage up` brings its own.",
        )
        return
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_REDIS:
        yield Finding(Level.FAIL, "Redis", f"{version} is older than 6.2", "Upgrade it.")
        return
    yield Finding(Level.OK, "Redis", f"version {version}")
    policy = info.get("maxmemory_policy", "noeviction")
    if info.get("maxmemory") and policy != "noeviction":
        yield Finding(
            Level.WARN,
            "Redis memory",
            f"maxmemory-policy is {policy}: under pressure it throws doorbells and limits away",
            "redis-cli config set maxmemory-policy noeviction",
        )
    else:
        yield Finding(Level.OK, "Redis memory", "nothing is evicted")


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
