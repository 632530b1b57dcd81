"""A novel of 392 pages from its upload to its result: without a model, by a slow one, and again.

The provider takes 2 s for a chunk and allows five at once: 27 chunks are six rounds of that, and no
client can be quicker than these 12 s.
"""

import json
import math
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.novel_provider import Provider, novel_provider
from bench.system import System, report, running
from examples.make_novel import make_novel
from haulage.client import Client

PAGES = 392
CHUNKS = 27
AT_ONCE, CALL_S = 5, 2.0
OFFLINE_BAR_S, TEXT_BAR_S, AGAIN_BAR_S, RSS_BAR_MB = 15.0, 1.5, 1.0, 250.0
# In a process of its own, because a worker that reads its first book imports what it needs for it.
TEXT = """
import sys, time
from haulage.documents.book import read_book
from haulage.documents.chunks import plan_chunks
for _ in range(2):
    began = time.perf_counter()
    plan_chunks(read_book(sys.argv[1]).pages)
    print(time.perf_counter() - began)
"""


def main() -> bool:
    """Print the lines; whether all bars are met."""
    with running(cpu_processes=2, environment={"HAULAGE_PROVIDERS_BALANCED": "local"}) as system:
        path = _novel(system)
        met = [_text(path), _offline(system, path)]
    with novel_provider(delay_s=CALL_S, at_once=AT_ONCE) as provider:
        environment = {
            "HAULAGE_PROVIDERS_COMPATIBLE": f"novels={provider.url}",
            "HAULAGE_PROVIDERS_BALANCED": "novels:rewriter",
        }
        with running(cpu_processes=2, environment=environment) as system:
            path = _novel(system)
            met += [_by_model(system, path, provider), _again(system, path, provider)]
    return all(met)


def _text(path: Path) -> bool:
    words = [sys.executable, "-c", TEXT, str(path)]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    first_s, next_s = map(float, said)
    return report(
        "novel_text",
        met=first_s < TEXT_BAR_S,
        pages=PAGES,
        first_s=first_s,
        next_s=next_s,
        bar_s=TEXT_BAR_S,
    )


def _offline(system: System, path: Path) -> bool:
    took_s, result = _run(system, path)
    peak_mb = _peak_mb(system)
    return report(
        "novel_offline",
        met=took_s < OFFLINE_BAR_S and peak_mb < RSS_BAR_MB,
        pages=PAGES,
        sentences=len(result["sentences"]),
        took_s=took_s,
        bar_s=OFFLINE_BAR_S,
        peak_worker_rss_mb=peak_mb,
        bar_rss_mb=RSS_BAR_MB,
    )


def _by_model(system: System, path: Path, provider: Provider) -> bool:
    before = len(provider.look()["calls"])
    took_s, result = _run(system, path)
    seen = provider.look()
    calls = len(seen["calls"]) - before
    least_s = math.ceil(CHUNKS / AT_ONCE) * CALL_S
    return report(
        "novel_by_model",
        met=took_s < 1.1 * least_s and calls == CHUNKS and not seen["refused"],
        chunks=result["chunks"]["processed"],
        calls=calls,
        refused=seen["refused"],
        most_at_once=seen["most"],
        took_s=took_s,
        least_possible_s=least_s,
        bar_s=1.1 * least_s,
        peak_worker_rss_mb=_peak_mb(system),
    )


def _again(system: System, path: Path, provider: Provider) -> bool:
    before = len(provider.look()["calls"])
    took_s, result = _run(system, path)
    calls = len(provider.look()["calls"]) - before
    return report(
        "novel_again",
        met=took_s < AGAIN_BAR_S and calls == 0 and result["usage"]["calls"] == 0,
        took_s=took_s,
        bar_s=AGAIN_BAR_S,
        calls=calls,
    )


def _novel(system: System) -> Path:
    """The novel on disk, and a system whose processes have read small ones: not its start is
    measured."""
    large = system.folder / "novel.pdf"
    large.write_bytes(make_novel(PAGES))
    with Client(system.url) as client:
        jobs = []
        for seed in range(4):
            small = system.folder / f"{seed}.pdf"
            small.write_bytes(make_novel(3, seed=seed))
            file = client.upload(small)
            jobs.append(client.submit("rewrite_novel", {"file": str(file.id)}))
        for job in jobs:
            client.wait(job.id)
    return large


def _run(system: System, path: Path) -> tuple[float, dict[str, Any]]:
    """Seconds from the upload's first byte to the result's last, and the result."""
    with Client(system.url) as client:
        began = time.perf_counter()
        file = client.upload(path)
        job = client.wait(client.submit("rewrite_novel", {"file": str(file.id)}).id)
        result = job.result or client.result(job.id)
        took_s = time.perf_counter() - began
    if job.state != "succeeded" or result["chunks"]["failed"]:
        raise RuntimeError(f"the novel {job.state}: {job.error} {json.dumps(result)[:300]}")
    return took_s, result


def _peak_mb(system: System) -> float:
    """The most resident memory that any worker process has had."""
    rows = system.database.execute("SELECT pid FROM workers WHERE ended_at IS NULL").fetchall()
    pids = [pid for (pid,) in rows]
    every = pids + [child for pid in pids for child in _children(pid)]
    return max(_high_water_kb(pid) for pid in every) / 1024


def _children(pid: int) -> list[int]:
    words = ["ps", "-o", "pid=", "--ppid", str(pid)]
    # Without children it ends with 1.
    asked = subprocess.run(words, capture_output=True, text=True, check=False)
    return [int(word) for word in asked.stdout.split()]


def _high_water_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


if __name__ == "__main__":
    main()
