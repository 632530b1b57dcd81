"""Deliveries to one fast endpoint by one dispatcher, out of a full outbox, in a whole system.

Beside it, in the same run, what a bare httpx client does with as many requests at once: nothing
signed, nothing read from or recorded in a database.
"""

import asyncio
import time

import httpx

from bench.canned_provider import canned_provider
from bench.system import System, report, running
from haulage.connectors.webhooks import PLACES_EACH

BAR_PER_S = 500
DELIVERIES = 5_000
POLL_S = 0.02
FILL = """
INSERT INTO webhook_deliveries (id, webhook_id, event, job_id, seq, at, due_at, about)
SELECT gen_random_uuid(), %s, 'job.succeeded', gen_random_uuid(), 3, now(), now(),
       '{"type":"echo","queue":"io","tags":["order:7"],"run":1,"attempt":1,"code":null}'
FROM generate_series(1, %s)
"""
PENDING = "SELECT EXISTS (SELECT 1 FROM webhook_deliveries WHERE state = 'pending')"
DELIVERED = "SELECT count(*) FROM webhook_deliveries WHERE state = 'delivered' AND tried = 1"


def main(*, deliveries: int = DELIVERIES) -> bool:
    """Print the line; whether the bar is met."""
    environment = {"HAULAGE_WEBHOOKS_ALLOW_PRIVATE": "true"}
    with canned_provider() as endpoint, running(environment=environment) as system:
        body = {"name": "bench", "url": f"{endpoint}/hook"}
        webhook_id = system.http.post("/api/v1/webhooks", json=body).raise_for_status().json()["id"]
        _drained_s(system, webhook_id, 200)
        took_s = _drained_s(system, webhook_id, deliveries)
        row = system.database.execute(DELIVERED).fetchone()
        once = row is not None and row[0] == deliveries + 200
        bare_s = asyncio.run(_bare_s(f"{endpoint}/hook", deliveries))
    per_s = deliveries / took_s
    return report(
        "webhooks",
        met=per_s >= BAR_PER_S and once,
        deliveries=deliveries,
        deliveries_per_s=per_s,
        bar_per_s=BAR_PER_S,
        each_recorded_once=once,
        bare_httpx_per_s=deliveries / bare_s,
        ratio_to_bare_httpx=bare_s / took_s,
    )


def _drained_s(system: System, webhook_id: str, count: int) -> float:
    """From the commit that fills the outbox to the record of the last answer."""
    system.database.execute(FILL, [webhook_id, count])
    began = time.perf_counter()
    while True:
        row = system.database.execute(PENDING).fetchone()
        if row is not None and not row[0]:
            return time.perf_counter() - began
        time.sleep(POLL_S)


async def _bare_s(url: str, count: int) -> float:
    left = iter(range(count))
    limits = httpx.Limits(max_connections=PLACES_EACH)
    async with httpx.AsyncClient(limits=limits, trust_env=False) as client:

        async def work() -> None:
            for _ in left:
                await client.post(url, content=b"{}")

        began = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(PLACES_EACH)))
        return time.perf_counter() - began
