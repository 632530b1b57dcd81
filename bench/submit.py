"""Single `POST /jobs` on one API process with 32 connections, each answered once it is durable.

Against a FastAPI route that validates the same body and stores nothing, in the same run.
"""

import json

from bench import http_load, serving
from bench.system import report, running

BAR = 0.5
CONNECTIONS = 32
BODY = json.dumps({"type": "echo", "input": {"value": 1}}).encode()


def main(*, posts: int = 10_000, rounds: int = 3) -> bool:
    """Print the line; whether the bar is met."""
    # Before and after, the better one counts: the machine is not equally fast each minute.
    empties = [_empty(posts, rounds)]
    with running() as system:
        # Jobs of a paused queue are stored and not run: the API alone is measured.
        system.http.post("/api/v1/queues/io/pause", json={"reason": "benchmark"})
        ours = _best(system.url, "/api/v1/jobs", posts, rounds)
    empties.append(_empty(posts, rounds))
    empty = max(empties, key=lambda load: load.per_s)
    ratio = ours.per_s / empty.per_s
    return report(
        "submit",
        met=ratio >= BAR and not ours.refused,
        posts=posts,
        connections=CONNECTIONS,
        haulage_per_s=ours.per_s,
        empty_fastapi_per_s=empty.per_s,
        ratio=ratio,
        bar=BAR,
        refused=ours.refused,
    )


def _empty(posts: int, rounds: int) -> http_load.Load:
    with serving.running("bench.empty_route") as empty:
        return _best(empty.url, "/jobs", posts, rounds)


def _best(url: str, path: str, posts: int, rounds: int) -> http_load.Load:
    def once(count: int) -> http_load.Load:
        return http_load.post(url, path, BODY, status=202, connections=CONNECTIONS, count=count)

    once(500)
    return max((once(posts) for _ in range(rounds)), key=lambda load: load.per_s)
