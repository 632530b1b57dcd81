"""Connections to PostgreSQL: how many are there, and how many there could be at the worst."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from haulage.cli.checkup.findings import Finding, Level
from haulage.domain.errors import HaulageError
from haulage.domain.job_type import CPU

if TYPE_CHECKING:
    from haulage.storage.server_facts import ServerFacts

CROWDED_SHARE = 0.8
# What each process holds at most; an API's is a setting.
PULSE, IO_POOL, CPU_CHILD, DISPATCHER = 2, 8, 2, 5
OURS = "haulage-"


def connection_checks(facts: "ServerFacts") -> Iterator[Finding]:
    """What is held, and what all processes that live could hold together, against the limit."""
    most = int(facts.settings.get("max_connections", 0)) - int(
        facts.settings.get("superuser_reserved_connections", 0)
    )
    held, worst = sum(facts.clients.values()), _worst(facts)
    if most <= 0:
        return
    why = f"{held} of {most} in use; at the worst the processes that live take {worst}"
    if held >= most * CROWDED_SHARE or worst > most:
        mend = (
            f"psql -c 'ALTER SYSTEM SET max_connections = {max(held * 2, worst + worst // 2)}'"
            "   # and restart it; or lower HAULAGE_DATABASE_POOL_SIZE"
        )
        yield Finding(Level.WARN, "connections", f"{why}. Who finds none free gets errors", mend)
    else:
        yield Finding(Level.OK, "connections", why)


def _worst(facts: "ServerFacts") -> int:
    """Workers are known by their rows; of the others, whole processes are made of what they hold.
    Those that are no processes of ours hold what they hold."""
    worst = 0
    for worker in facts.workers:
        slots = int(worker.get("slots") or 1)
        worst += PULSE + (slots * CPU_CHILD if worker.get("pool") == CPU else IO_POOL)
    for name, held in facts.clients.items():
        kind = name.removeprefix(OURS)
        if kind.startswith("worker") and facts.workers:
            continue
        size = {"api": _api_pool_size(), "dispatcher": DISPATCHER}.get(kind, held)
        worst += math.ceil(held / size) * size if held else 0
    return worst


def _api_pool_size() -> int:
    from haulage.settings import load
    from haulage.settings.database import DatabaseSettings

    try:
        return load().database.pool_size
    except HaulageError:
        # The settings' own check says what is wrong with them.
        return DatabaseSettings().pool_size
