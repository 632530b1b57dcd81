"""A page of `GET /jobs` by every filter and the usual pairs, with 1,000,000 jobs in the tables.

The first page and a deep one of each, over HTTP from one connection, after one call that is not
counted. Beside it the same questions as PostgreSQL plans them by itself, with the same indexes,
each given up after two seconds.
"""

import time
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from urllib.parse import urlencode
from uuid import UUID

import psycopg
import sqlalchemy as sa
from psycopg.errors import QueryCanceled
from sqlalchemy.dialects import postgresql

from bench.million import COUNT, PARENT, fill
from bench.system import System, report, running
from haulage.api import cursors
from haulage.api.routes.lists import JobQuery
from haulage.domain.job import DEFAULT_TENANT
from haulage.storage.job_filter import JobFilter, conditions
from haulage.storage.lanes import Position
from haulage.storage.tables import jobs

BAR_MS = 50.0
PAGE = 50
Query = dict[str, str]


def queries(now: datetime) -> list[Query]:
    """Every filter alone, and pairs of them."""

    def ago(days: float) -> str:
        return (now - timedelta(days=days)).isoformat()

    states = [{"state": name} for name in ("queued", "running", "succeeded", "failed")]
    types = [{"type": name} for name in ("echo", "rewrite_novel", "retired", "rare", "nobodys")]
    queues = [{"queue": name} for name in ("io", "ocr")]
    tags = [{"tag": name} for name in ("nightly", "retired", "rare")]
    texts = [{"text": text} for text in ("Timed out", "needle", "nowhere to be found")]
    family = [{"parent": PARENT}]
    ranges = [
        {f"{what}_after": ago(start), f"{what}_before": ago(end)}
        for what in ("created", "started", "finished")
        for start, end in ((1, 0), (16, 15), (29, 0), (40, 35))
    ]
    kinds = [states, types, queues, tags, texts, family, ranges]
    pairs = [
        {**one, **other}
        for place, first in enumerate(kinds)
        for second in kinds[place + 1 :]
        for one in first
        for other in second
    ]
    return [{}, *(query for kind in kinds for query in kind), *pairs]


def main(*, count: int = COUNT, calls: int = 10) -> bool:
    """Print the line; whether the bar is met."""
    with running() as system:
        for queue in ("io", "cpu"):
            system.http.post(f"/api/v1/queues/{queue}/pause", json={"reason": "benchmark"})
        with system.another_connection() as database:
            fill(database, count=count)
            now = datetime.now(UTC)
            asked = queries(now)
            found = {}
            for query in asked:
                for deep in (False, True):
                    name = _name(query) + (" (deep)" if deep else "")
                    found[name] = _p99_ms(system, _path(query, now, deep=deep), calls)
            plain = {_name(query): _plain_ms(database, _wanted(query)) for query in asked}
    worst = sorted(found, key=lambda name: found[name], reverse=True)
    slowest = sorted(plain, key=lambda name: plain[name], reverse=True)
    return report(
        "lists",
        met=found[worst[0]] < BAR_MS,
        jobs=count,
        questions=len(found),
        median_p99_ms=sorted(found.values())[len(found) // 2],
        worst_p99_ms={name: found[name] for name in worst[:8]},
        bar_ms=BAR_MS,
        planned_by_postgresql_ms={name: plain[name] for name in slowest[:3]},
        planned_by_postgresql_over_bar=sum(took >= BAR_MS for took in plain.values()),
    )


def _name(query: Query) -> str:
    return " ".join(f"{key}={value[:16]}" for key, value in query.items()) or "all"


def _wanted(query: Query) -> JobFilter:
    lists = {"state", "type", "queue", "tag"}
    given = {key: [value] if key in lists else value for key, value in query.items()}
    return JobQuery.model_validate(given).filter()


def _path(query: Query, now: datetime, *, deep: bool) -> str:
    """The first page, or the one that follows a job three days younger than the oldest."""
    asked = {**query, "limit": str(PAGE)}
    if deep:
        place = Position(now - timedelta(days=27), UUID(int=2**128 - 1))
        asked["cursor"] = cursors.encode(place, _wanted(query), tenant=DEFAULT_TENANT)
    return f"/api/v1/jobs?{urlencode(asked)}"


def _p99_ms(system: System, path: str, calls: int) -> float:
    took = []
    for _ in range(calls + 1):
        began = time.perf_counter()
        system.http.get(path).raise_for_status()
        took.append(1000 * (time.perf_counter() - began))
    return quantiles(took[1:], n=100, method="inclusive")[98]


def _plain_ms(database: psycopg.Connection, wanted: JobFilter) -> float:
    """The page as one plain statement."""
    order = jobs.c[wanted.order.value]
    query = (
        sa.select(jobs)
        .where(*conditions(wanted, tenant=DEFAULT_TENANT))
        .order_by(order.desc(), jobs.c.id.desc())
        .limit(PAGE)
    )
    text = query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    database.execute("SET statement_timeout = '2s'")
    began = time.perf_counter()
    try:
        database.execute(str(text).replace("%%", "%").encode()).fetchall()
    except QueryCanceled:
        return 2_000.0
    return 1000 * (time.perf_counter() - began)
