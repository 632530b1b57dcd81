"""A handler of 200 durable steps: what one step costs, its commit included.

Against the least that a durable step can cost here: one INSERT and its commit by a bare psycopg
connection to the same PostgreSQL.
"""

import json
import time

from bench.system import JOBS_FILE, System, report, running

BAR_MS = 2.0
STEPS = 200


def main(*, rounds: int = 10) -> bool:
    """Print the line; whether the bar is met."""
    with running(handlers=(JOBS_FILE,)) as system:
        _handler_s(system)
        times = sorted(_handler_s(system) for _ in range(rounds))
        bare_ms = _bare_commit_ms(system)
    step_ms = 1000 * times[len(times) // 2] / STEPS
    return report(
        "steps",
        met=step_ms < BAR_MS,
        steps=STEPS,
        step_ms=step_ms,
        worst_step_ms=1000 * times[-1] / STEPS,
        bar_ms=BAR_MS,
        bare_commit_ms=bare_ms,
        ratio_to_bare_commit=step_ms / bare_ms,
    )


def _handler_s(system: System) -> float:
    (job_id,) = system.submit("bench-steps", {"steps": STEPS}, 1)
    system.until_settled()
    row = system.database.execute("SELECT result FROM jobs WHERE id = %s", [job_id]).fetchone()
    assert row is not None
    result = row[0] if isinstance(row[0], dict) else json.loads(row[0])
    return float(result["took_s"])


def _bare_commit_ms(system: System) -> float:
    system.database.execute("CREATE TABLE bench_bare (name text PRIMARY KEY, value json)")
    began = time.perf_counter()
    for number in range(STEPS):
        system.database.execute("INSERT INTO bench_bare VALUES (%s, %s)", [f"s{number}", "1"])
    return 1000 * (time.perf_counter() - began) / STEPS
