"""The broker, where it is not the Redis that coordinates; and when Celery delivers again."""

from collections.abc import Iterator
from typing import Any

from haulage.cli.checkup.findings import CONNECT_TIMEOUT_S, Finding, Level, Surroundings
from haulage.cli.checkup.redis import one_redis, unchecked_tls, version_numbers
from haulage.domain.errors import HaulageError, Unavailable

# The first with quorum queues as they are today.
OLDEST_RABBIT = (3, 10)
SHORT_VISIBILITY_S = 600


def broker_checks(around: Surroundings) -> Iterator[Finding]:
    """A Redis of its own or a RabbitMQ; on Redis, the visibility timeout."""
    if not around.broker_url:
        yield from _visibility(around)
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
        yield from one_redis("broker", around.broker_url, "HAULAGE_BROKER_URL")
        yield from _visibility(around)


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
    if version_numbers(version) < OLDEST_RABBIT:
        why = f"RabbitMQ {version} is older than 3.10; it may lose a quorum queue's messages"
        yield Finding(Level.WARN, "broker", why, "Upgrade it.")
        return
    yield Finding(Level.OK, "broker", f"RabbitMQ {version} at {address.shown}")
    yield from unchecked_tls("broker", address)


def _visibility(around: Surroundings) -> Iterator[Finding]:
    if not around.redis_url:
        return
    from haulage.engine.celery_app import visibility_s
    from haulage.settings import load

    try:
        set_s = load().engine.visibility_s
    except HaulageError:
        # The settings' own check says what is wrong with them.
        return
    longest = _longest_limit(around)
    seconds = visibility_s(set_s, longest[1] if longest else 0.0)
    if seconds < SHORT_VISIBILITY_S:
        why = (
            f"{seconds} s: Celery delivers a message again while its job still runs. The fence "
            "refuses it, so nothing runs twice, but each costs a worker some work"
        )
        mend = "unset HAULAGE_ENGINE_VISIBILITY_S   # 3600; the same for every worker"
        yield Finding(Level.WARN, "visibility timeout", why, mend)
    else:
        within = f", over the longest limit ({longest[0]}, {longest[1]:.0f} s)" if longest else ""
        yield Finding(Level.OK, "visibility timeout", f"{seconds} s{within}")


def _longest_limit(around: Surroundings) -> tuple[str, float] | None:
    from haulage.storage.server_facts import longest_limit

    if not around.database_url:
        return None
    try:
        return longest_limit(around.database_url, connect_timeout_s=CONNECT_TIMEOUT_S)
    except Unavailable:
        # PostgreSQL's own check says so.
        return None
