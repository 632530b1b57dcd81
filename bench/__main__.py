"""`python -m bench [NAME …]`: run the benchmarks, a JSON line each; 1 when a bar is missed.

With no name all run, about six minutes. On a machine with other work their figures mean little.
"""

import argparse
import subprocess
import sys

from bench import (
    acquire,
    answers,
    auth,
    bulk,
    capped,
    cold,
    console,
    files,
    gateway,
    half_open,
    history,
    latency,
    ledger,
    lists,
    newspaper,
    novel,
    poller,
    quota,
    quota_jobs,
    scans,
    sealing,
    sizes,
    sleepers,
    steps,
    streams,
    submit,
    submit_in,
    throughput,
    tokens,
    webhooks,
)

BENCHMARKS = {
    "throughput": throughput.main,
    "latency": latency.main,
    "sleepers": sleepers.main,
    "history": history.main,
    "lists": lists.main,
    "console": console.main,
    "steps": steps.main,
    "submit": submit.main,
    "answers": answers.main,
    "auth": auth.main,
    "streams": streams.main,
    "idle_streams": streams.idle,
    "cold": cold.main,
    "submit_in": submit_in.main,
    "acquire": acquire.main,
    "quota": quota.main,
    "quota_jobs": quota_jobs.main,
    "tenants": quota.tenants,
    "tokens": tokens.main,
    "half_open": half_open.main,
    "bulk": bulk.main,
    "capped": capped.main,
    "gateway": gateway.main,
    "ledger": ledger.main,
    "upload": files.large,
    "small_files": files.small,
    "novel": novel.main,
    "poller": poller.main,
    "newspaper": newspaper.main,
    "scan": newspaper.scan,
    "scans": scans.main,
    "sealing": sealing.main,
    "sizes": sizes.main,
    "webhooks": webhooks.main,
}


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := [name for name in names if name not in BENCHMARKS]:
        parser.error(f"no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    if len(names) == 1:
        return 0 if BENCHMARKS[names[0]]() else 1
    # Each in a process of its own: what one leaves behind must not slow the next.
    missed = [
        name
        for name in names
        if subprocess.run([sys.executable, "-m", "bench", name], check=False).returncode
    ]
    if missed:
        print(f"Missed: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
