"""1,000 pending tasks of another system's API through a no-op job type, each reported once.

The API answers every tenth request with a 500, and the poller is killed with `kill -9` twice on the
way. The time is from the first poller's start to the last report, restarts included. Beside it the
same tasks moved by a bare client that keeps nothing: list, answer, next.
"""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import httpx

from bench.system import System, report, running
from bench.task_api import CLIENT_ID, CLIENT_SECRET, SCOPE, TaskApi, task_api

TASKS, BAR_S = 1_000, 30.0
KILLED_AT = (300, 600)
CONCURRENCY = 50
SOURCE = """
[sources.bench]
list_url = "{url}/api/ai-tasks/pending"
id = "{{_id}}"
version = "{{updatedAt?}}"
interval_s = 1
concurrency = {concurrency}

[sources.bench.oauth2]
token_url = "{url}/oauth2/token"
client_id = "{client_id}"
client_secret = "{client_secret}"
scope = "{scope}"

[sources.bench.types.noop]
job_type = "echo"
input = {{value = "{{_id}}"}}
result = "{{result.value}}"

[sources.bench.report]
url = "{url}/api/ai-tasks/{{id}}"
body = {{state = "{{state}}", result = "{{result}}", error = "{{error.message?}}"}}
"""


def main(*, tasks: int = TASKS) -> bool:
    """Print the line; whether the bar is met."""
    with task_api() as api:
        _fill(api, tasks)
        bare_s = asyncio.run(_bare(api))
    with running() as system, task_api() as api:
        _fill(api, tasks)
        config = system.folder / "haulage.toml"
        config.write_text(
            SOURCE.format(
                url=api.url,
                concurrency=CONCURRENCY,
                client_id=CLIENT_ID,
                client_secret=CLIENT_SECRET,
                scope=SCOPE,
            )
        )
        took_s = _moved(system, api, config, tasks)
        right = sum(said[-1]["result"] == task_id for task_id, said in api.told.items())
        jobs = system.succeeded()
        return report(
            "poller",
            met=took_s < BAR_S and right == jobs == tasks and not api.violations,
            tasks=tasks,
            seconds=took_s,
            bar_s=BAR_S,
            jobs=jobs,
            reported=right,
            # Sent again with the same words, by a poller that was killed before its note.
            repeated=api.repeated(),
            violations=len(api.violations),
            kills=len(KILLED_AT),
            requests=api.calls["all"],
            bare_client_s=bare_s,
        )


def _fill(api: TaskApi, tasks: int) -> None:
    api.strict = False
    api.fail_every = 10
    for number in range(tasks):
        api.add(f"task-{number}", "noop")


def _moved(system: System, api: TaskApi, config: Path, tasks: int) -> float:
    """Seconds until all tasks are told, over two deaths."""
    began = time.perf_counter()
    kills = [share * tasks // TASKS for share in KILLED_AT]
    poller = _started(system, config)
    try:
        while len(api.told) < tasks:
            if time.perf_counter() - began > 10 * BAR_S:
                break
            if kills and len(api.told) >= kills[0]:
                kills.pop(0)
                poller.kill()
                poller.wait()
                poller = _started(system, config)
            time.sleep(0.005)
        return time.perf_counter() - began
    finally:
        poller.terminate()
        poller.wait(60)


def _started(system: System, config: Path) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        **system.environment,
        "HAULAGE_DATABASE_URL": system.database_url,
        "HAULAGE_REDIS_URL": system.redis_url,
        "HAULAGE_CONFIG": str(config),
        "HAULAGE_LOG_LEVEL": "ERROR",
    }
    return subprocess.Popen([sys.executable, "-m", "haulage", "poller"], env=environment)


async def _bare(api: TaskApi) -> float:
    """Seconds of a client that asks and answers, one after another, and forgets."""
    began = time.perf_counter()
    async with httpx.AsyncClient(base_url=api.url) as client:
        form = {"grant_type": "client_credentials", "scope": SCOPE}
        answer = await client.post("/oauth2/token", data=form, auth=(_quoted(CLIENT_ID), _quoted()))
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        while True:
            answer = await client.get(
                "/api/ai-tasks/pending", params={"limit": 2 * CONCURRENCY}, headers=headers
            )
            if answer.status_code != 200:
                continue
            if not (listed := answer.json()):
                return time.perf_counter() - began
            for task in listed:
                body = {"state": "succeeded", "result": task["_id"]}
                await client.patch(f"/api/ai-tasks/{task['_id']}", json=body, headers=headers)


def _quoted(text: str = CLIENT_SECRET) -> str:
    return quote(text, safe="")
