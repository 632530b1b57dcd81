"""What the whole engine uses of a provider's quota: 1,500 jobs that wait in their queue, two worker
processes, a strict provider of 100 requests a second, burst 20, 0 to 50 ms of jitter on the way.

Each job asks a model once. Flow control parks most of them and brings them back before their turn.
Counted is what it costs of Redis: the scripts that ran there (limiter and breaker; nothing else
here runs any), over the jobs. Beside it, in the same run, jobs that call and, refused, call again
after a time that doubles, with jitter.
"""

import time
from pathlib import Path
from typing import Any

import redis

from bench.strict_http import HttpProvider, strict_http_provider
from bench.system import System, another_io_worker, report, running, temporary_folder

USED, DISPLACEMENT, CALLS_A_JOB = 0.985, 0.01, 2.0
RATE, BURST, JITTER_MS = 100, 20, 50
HANDLERS = ("bench.jobs",)
# The longest a call is late, with something for the processes' own lateness.
SLACK_S = 0.15
LIMITS = {
    "requests_per_second": {"amount": RATE, "strategy": "bucket", "burst": BURST},
    "slack_s": SLACK_S,
}


def main(*, jobs: int = 1_500) -> bool:
    """Print the line; whether the bars are met."""
    with (
        temporary_folder() as folder,
        strict_http_provider(rate=RATE, burst=BURST, jitter_ms=JITTER_MS) as provider,
    ):
        asked = folder / "asked"
        environment = {
            "HAULAGE_PROVIDERS_COMPATIBLE": f"strict={provider.url}",
            "HAULAGE_HANDLER_STRICT_URL": provider.url,
            "HAULAGE_HANDLER_ASKED_FILE": str(asked),
            "HAULAGE_PROVIDERS_NETWORK": "loopback",
        }
        with (
            running(handlers=HANDLERS, environment=environment) as system,
            another_io_worker(system, handlers=HANDLERS),
        ):
            system.http.put("/api/v1/limits/strict", json=LIMITS).raise_for_status()
            # Imports, connections and prepared statements of both workers are not measured.
            _run("bench-ask", 100, system, provider, asked)
            ours = _run("bench-ask", jobs, system, provider, asked)
            backoff = _run("bench-ask-backoff", jobs, system, provider)
    return report(
        "quota_jobs",
        met=ours["used"] >= USED
        and ours["refused"] == 0
        and ours["redis_calls_a_job"] <= CALLS_A_JOB
        and ours["displacement"] < DISPLACEMENT,
        jobs=jobs,
        **ours,
        bar_used=USED,
        bar_refused=0,
        bar_redis_calls_a_job=CALLS_A_JOB,
        bar_displacement=DISPLACEMENT,
        plain_backoff=backoff,
    )


def _run(
    type_name: str, jobs: int, system: System, provider: HttpProvider, asked: Path | None = None
) -> dict[str, Any]:
    """All jobs wait in a paused queue; the time runs from the first call to the last one. Displaced
    is a job against the order in which they asked, or were submitted where that is not known."""
    time.sleep(BURST / RATE)
    if asked is not None:
        asked.write_text("")
    provider.report()
    system.http.post("/api/v1/queues/io/pause", json={}).raise_for_status()
    system.submit_each(type_name, [{"name": f"{number}"} for number in range(jobs)])
    before, asked_at = _scripts_run(system), time.monotonic()
    system.http.post("/api/v1/queues/io/resume").raise_for_status()
    system.until_settled()
    arrived = provider.report()
    let_in = [name for name, _, good in arrived if good]
    first, last = arrived[0][1], arrived[-1][1]
    due = _order(asked) if asked is not None else {name: int(name) for name in let_in}
    moved = [abs(place - due[name]) for place, name in enumerate(let_in)]
    if len(set(let_in)) != jobs:
        raise RuntimeError(f"{len(set(let_in))} of {jobs} jobs got through")
    return {
        "used": len(let_in) / (BURST + RATE * (last - first)),
        "refused": len(arrived) - len(let_in),
        "took_s": last - first,
        "first_call_after_s": first - asked_at,
        "redis_calls_a_job": (_scripts_run(system) - before) / jobs,
        "displacement": sum(moved) / len(moved) / jobs,
        "parked": system.parked(),
    }


def _order(asked: Path) -> dict[str, int]:
    """Each job's place by when it first asked."""
    first: dict[str, float] = {}
    for line in asked.read_text().splitlines():
        name, at = line.split()
        first[name] = min(float(at), first.get(name, float(at)))
    return {name: place for place, name in enumerate(sorted(first, key=lambda one: first[one]))}


def _scripts_run(system: System) -> int:
    with redis.Redis.from_url(system.redis_url) as client:
        said: dict[str, Any] = client.info("commandstats")  # type: ignore[assignment]
    return sum(said.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("evalsha", "eval"))


if __name__ == "__main__":
    main()
