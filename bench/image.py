"""The container image: its size, and what each process in it takes to start and to stand by.

`python tools/image.py measure` builds it and runs this. Each process is started alone, as
compose.production.yaml says, on an embedded PostgreSQL and Redis. It has started when its health
check answers; what it holds then is counted as its share of what processes have in common.
"""

import json
import secrets
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from bench.system import report, temporary_folder
from bench.task_api import CLIENT_ID, CLIENT_SECRET, task_api
from haulage.runtime import ports
from haulage.runtime.postgres import Postgres
from haulage.runtime.redis import Redis
from haulage.storage import migrate
from tools.containers import SERVICES, Container, engine, limit_mb, size_mb
from tools.image import IMAGE, bases

BAR_MB = 1_000
# A third of what compose.production.yaml gives it before it counts failures.
BAR_START_S = 30.0
# Of its limit, so that there is room for work.
BAR_SHARE = 0.5
WITHIN_S = 180.0
ROLES = ("api-1", "worker-io", "worker-cpu", "dispatcher", "poller")
# Asked of the container's own processes, but for the one that asks.
HELD = """
import os, pathlib
held = spent = 0
for its in pathlib.Path("/proc").glob("[0-9]*"):
    if int(its.name) != os.getpid():
        rows = (its / "smaps_rollup").read_text().splitlines()
        held += sum(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
        spent += sum(map(int, (its / "stat").read_text().rpartition(") ")[2].split()[11:13]))
print([held / 1024, spent / os.sysconf("SC_CLK_TCK")])
"""


def main() -> bool:
    """Print the line; whether every bar is met."""
    with ExitStack() as opened:
        folder = opened.enter_context(temporary_folder())
        postgres = opened.enter_context(Postgres.start(folder / "postgres"))
        redis = opened.enter_context(Redis.start(folder / "redis"))
        migrate.migrate(postgres.url)
        for name, text in (
            ("database_url", postgres.url),
            ("redis_url", redis.url),
            ("webhooks_keys", secrets.token_urlsafe(32)),
        ):
            (folder / name).write_text(text)
            (folder / name).chmod(0o444)
        roles = {role: _role(role, folder) for role in ROLES}
    whole_mb = size_mb(IMAGE)
    return report(
        "image",
        met=whole_mb <= BAR_MB
        and all(one["start_s"] <= BAR_START_S for one in roles.values())
        and all(one["memory_mb"] <= BAR_SHARE * one["limit_mb"] for one in roles.values()),
        size_mb=whole_mb,
        of_that_its_base_mb=sum(map(size_mb, bases())),
        bar_mb=BAR_MB,
        bar_start_s=BAR_START_S,
        bar_share_of_limit=BAR_SHARE,
        roles=roles,
    )


def _role(role: str, folder: Path) -> dict[str, float]:
    """What it took to start, and what it holds."""
    blobs = f"haulage-bench-{role}"
    with ExitStack() as opened:
        tasks = opened.enter_context(task_api())
        port = opened.enter_context(ports.claim()).number
        opened.callback(engine, "volume", "rm", "--force", blobs)
        command = ["api", "--host", "127.0.0.1", "--port", str(port)] if role == "api-1" else None
        began = time.perf_counter()
        container = opened.enter_context(
            Container(
                role,
                secrets=folder,
                blobs=blobs,
                port=port,
                command=command,
                environment={
                    "API_BASE_URL": tasks.url,
                    "OAUTH2_TOKEN_URL": f"{tasks.url}/oauth2/token",
                    "OAUTH2_CLIENT_ID": CLIENT_ID,
                    "OAUTH2_CLIENT_SECRET": CLIENT_SECRET,
                },
            )
        )
        while not container.is_well():
            if time.perf_counter() - began > WITHIN_S:
                raise RuntimeError(f"{role} did not start:\n{container.said()[-2000:]}")
        start_s = time.perf_counter() - began
        held_mb, spent_s = json.loads(container.exec("python", "-I", "-S", "-c", HELD).stdout)
    return {
        "start_s": start_s,
        "processor_s": spent_s,
        "memory_mb": held_mb,
        "limit_mb": limit_mb(SERVICES[role]),
    }


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
