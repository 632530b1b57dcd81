"""Redis: does it answer, is it new enough, does it throw away or refuse what it is given?"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from haulage.cli.checkup.findings import (
    CONNECT_TIMEOUT_S,
    Finding,
    Level,
    Surroundings,
    clock,
    is_this_machine,
)
from haulage.domain.errors import HaulageError

OLDEST = (6, 2)
FULL_SHARE = 0.9


def redis_checks(around: Surroundings) -> Iterator[Finding]:
    """The Redis that coordinates; a broker that is another one is asked by `broker`."""
    if not around.redis_url:
        yield Finding(Level.WARN, "Redis", "HAULAGE_REDIS_URL is not set", "haulage up")
        return
    yield from one_redis("Redis", around.redis_url, "HAULAGE_REDIS_URL")


def one_redis(what: str, url: str, variable: str) -> Iterator[Finding]:
    """All there is to say of the Redis at `url`, which `variable` names."""
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
            before, (seconds, micros), after = _now_s(), server.time(), _now_s()
    except (HaulageError, redis.RedisError, OSError, ValueError) as error:
        yield Finding(
            Level.FAIL,
            what,
            str(error) if isinstance(error, HaulageError) else f"does not answer: {error}",
            f"Start it, or correct {variable}; `haulage up` brings its own.",
        )
        return
    version = str(info["redis_version"])
    if version_numbers(version) < OLDEST:
        yield Finding(Level.FAIL, what, f"{version} is older than 6.2", "Upgrade it.")
        return
    yield Finding(Level.OK, what, f"version {version}{_how(address)}")
    yield from unchecked_tls(what, address)
    yield from _door(what, address, variable)
    shell = f"redis-cli -u ${variable}"
    yield from _memory(what, info, shell)
    yield from _persistence(what, info, shell)
    ahead_s = seconds + micros / 1e6 - (before + after) / 2
    yield clock(f"{what} clock", ahead_s, (after - before) / 2, matters=True)


def _door(what: str, address: Any, variable: str) -> Iterator[Finding]:
    """Who else may come in, and who may listen on the way."""
    if is_this_machine(host for host, _ in address.hosts):
        return
    if not address.password:
        why = "has no password: who reaches it can delete messages and lift every limit"
        mend = f"Set requirepass in redis.conf, and {variable}=rediss://:password@…"
        yield Finding(Level.WARN, f"{what} password", why, mend)
    if address.tls is None:
        why = "its password and what passes between processes can be read on the way"
        yield Finding(Level.WARN, f"{what} TLS", why, f"export {variable}=rediss://…")


def _memory(what: str, info: Mapping[str, Any], shell: str) -> Iterator[Finding]:
    policy = info.get("maxmemory_policy", "noeviction")
    most, used = int(info.get("maxmemory") or 0), int(info.get("used_memory") or 0)
    if policy != "noeviction":
        lost = "whatever was used least" if policy.startswith("allkeys") else "keys that expire"
        why = (
            f"maxmemory-policy is {policy}: a full Redis silently throws away {lost}. Lost rings "
            "are rung again, but a lost limit lets too many calls through"
        )
        mend = f"{shell} config set maxmemory-policy noeviction   # and in redis.conf"
        yield Finding(Level.WARN, f"{what} memory", why, mend)
    elif most and used >= most * FULL_SHARE:
        why = f"{used / 1e6:.0f} of {most / 1e6:.0f} MB used; a full Redis refuses every ring"
        mend = f"{shell} config set maxmemory {most * 2}   # and in redis.conf"
        yield Finding(Level.WARN, f"{what} memory", why, mend)
    else:
        yield Finding(Level.OK, f"{what} memory", f"{used / 1e6:.0f} MB used, nothing is evicted")


def _persistence(what: str, info: Mapping[str, Any], shell: str) -> Iterator[Finding]:
    title = f"{what} persistence"
    failed = [
        name
        for name in ("rdb_last_bgsave_status", "aof_last_write_status", "aof_last_bgrewrite_status")
        if info.get(name, "ok") != "ok"
    ]
    if failed:
        why = f"{failed[0]} is not ok: a Redis that cannot save may refuse every write"
        mend = f"{shell} bgsave   # once its disk has room; look with: info persistence"
        yield Finding(Level.FAIL, title, why, mend)
    elif info.get("aof_enabled"):
        yield Finding(Level.OK, title, "append-only file")
    else:
        # No fault: PostgreSQL remembers.
        why = (
            "no append-only file; nothing is lost by a restart, as waiting jobs are rung again. "
            "Limits of a minute or an hour begin anew"
        )
        mend = f"{shell} config set appendonly yes   # and in redis.conf, if limits must hold"
        yield Finding(Level.OK, title, why, mend)


def _now_s() -> float:
    return datetime.now(UTC).timestamp()


def _how(address: Any) -> str:
    watched = f", master of {address.service} behind Sentinel" if address.service else ""
    return f"{watched}, over TLS" if address.tls else watched


def unchecked_tls(what: str, address: Any) -> Iterator[Finding]:
    """A warning where the URL forgoes knowing who answers."""
    if address.tls is not None and not address.tls.check_hostname:
        why = "the URL says not to check who answers, so anybody in between can read and write"
        mend = "Give the URL ssl_ca_certs=… and leave ssl_cert_reqs and ssl_check_hostname out."
        yield Finding(Level.WARN, f"{what} TLS", why, mend)


def version_numbers(version: str) -> tuple[int, ...]:
    """Major and minor."""
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
