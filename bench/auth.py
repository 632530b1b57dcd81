"""What it adds to a request that callers must say who they are: by a key, and by a token.

Two API processes on one database, one of them with authentication; rounds take turns, so that both
meet the same machine. The route stores nothing and asks nobody, so that nothing hides the
difference. Beside it the same for submits, which also write their entry in the audit.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from joserfc import jwt
from joserfc.jwk import OctKey

from bench import http_load
from bench.system import System, report, running
from haulage.runtime import ports
from haulage.runtime.http_probe import HttpProbe

BAR_MS = 0.3
SECRET = "0123456789abcdef" * 4
ISSUER, AUDIENCE = "https://id.example", "haulage"
PATH = "/api/v1/types/echo"
BODY = json.dumps({"type": "echo", "input": {"value": 1}}).encode()


def main(*, requests: int = 2_000, rounds: int = 5) -> bool:
    """Print the line; whether the bar is met."""
    with running() as system, _guarded(system) as url:
        system.http.post("/api/v1/queues/io/pause", json={"reason": "benchmark"})
        key, token = f"Bearer {_key(system)}", f"Bearer {_token()}"
        ways = {"open": (system.url, ""), "key": (url, key), "token": (url, token)}
        reads: dict[str, list[float]] = {name: [] for name in ways}
        submits: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, (at, credential) in ways.items():
                headers = f"Authorization: {credential}\r\n" if credential else ""
                load = http_load.get(
                    at, PATH, status=200, connections=1, count=requests, headers=headers
                )
                assert not load.refused, name
                reads[name] += load.latencies_ms
                load = http_load.post(
                    at,
                    "/api/v1/jobs",
                    BODY,
                    status=202,
                    connections=1,
                    count=requests // 4,
                    headers=headers,
                )
                assert not load.refused, name
                submits[name] += load.latencies_ms
    read = {name: median(taken) for name, taken in reads.items()}
    submit = {name: median(taken) for name, taken in submits.items()}
    added = {name: read[name] - read["open"] for name in ("key", "token")}
    return report(
        "auth",
        met=max(added.values()) < BAR_MS,
        requests=requests * rounds,
        open_p50_ms=read["open"],
        key_added_p50_ms=added["key"],
        token_added_p50_ms=added["token"],
        bar_ms=BAR_MS,
        open_submit_p50_ms=submit["open"],
        key_and_audit_added_to_submit_p50_ms=submit["key"] - submit["open"],
    )


@contextmanager
def _guarded(system: System) -> Iterator[str]:
    """Another API process on the same database, where callers must say who they are."""
    environment = {
        **_environment(system),
        "HAULAGE_AUTH_JWT_SECRET": SECRET,
        "HAULAGE_AUTH_JWT_ISSUER": ISSUER,
        "HAULAGE_AUTH_JWT_AUDIENCE": AUDIENCE,
    }
    with ports.reserve_free() as port:
        command = ["api", "--auth", "--port", str(port.number)]
        process = subprocess.Popen([sys.executable, "-m", "haulage", *command], env=environment)
        try:
            probe = HttpProbe("127.0.0.1", port.number, "/health")
            while not probe():
                if process.poll() is not None:
                    raise RuntimeError(f"the API ended with {process.returncode}")
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port.number}"
        finally:
            process.terminate()
            process.wait(30)


def _key(system: System) -> str:
    command = ["keys", "create", "--name", "bench", "--scope", "admin", "-o", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "haulage", *command],
        env=_environment(system),
        capture_output=True,
        text=True,
        check=True,
    )
    made: str = json.loads(done.stdout)["key"]
    return made


def _token() -> str:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "bench", "tenant": "default"}
    claims |= {"scope": "admin", "exp": int(time.time()) + 3_600}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))


def _environment(system: System) -> dict[str, str]:
    return {
        **os.environ,
        **system.environment,
        "HAULAGE_DATABASE_URL": system.database_url,
        "HAULAGE_REDIS_URL": system.redis_url,
    }
