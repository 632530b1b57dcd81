"""`python -m scenarios [NAME …]`: failures of the production topology, a load, or a job's cost."""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import uvloop

from scenarios.cost import Cost
from scenarios.failures import FAILURES
from scenarios.hold import Hold
from scenarios.play import Plan
from scenarios.saturate import Saturate


def main() -> int:
    """Run; 0 when nothing was lost, all healed and, of a load, the bars were kept."""
    parser = argparse.ArgumentParser(prog="python -m scenarios", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FAILURES))
    parser.add_argument("--short", action="store_true", help="half a minute, as the tests play it")
    parser.add_argument("--load", action="store_true", help="hold a load instead")
    parser.add_argument("--cost", action="store_true", help="measure what one job costs instead")
    parser.add_argument("--saturate", action="store_true", help="raise the rate until it is late")
    parser.add_argument("--seconds", type=float, help="how long")
    parser.add_argument("--pooled", action="store_true", help="with PgBouncer, transaction mode")
    parser.add_argument("--rate", type=float, help="jobs submitted a second, at first")
    parser.add_argument("--folder", type=Path, help="for data and logs; kept when given")
    options = parser.parse_args()
    names = options.names or list(FAILURES)
    if unknown := [name for name in names if name not in FAILURES]:
        parser.error(f"no failure {unknown[0]!r}; there are {', '.join(FAILURES)}")
    plan: Plan | Hold | Cost | Saturate
    if options.cost:
        plan = Cost.short() if options.short else Cost()
        plan = replace(plan, seconds=options.seconds or plan.seconds)
    elif options.load:
        plan = Hold.short() if options.short else Hold()
        plan = replace(plan, seconds=options.seconds or plan.seconds)
    elif options.saturate:
        plan = Saturate.short() if options.short else Saturate()
        plan = replace(plan, seconds=options.seconds or plan.seconds)
    else:
        plan = Plan.short(names) if options.short else Plan(names)
    plan = replace(plan, rate=options.rate or plan.rate, pooled=options.pooled)
    folder = options.folder or Path(tempfile.mkdtemp(prefix="haulage-scenarios-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # PostgreSQL, under another user, passes through
    passed = uvloop.run(_run(plan, folder))
    if passed and not options.folder:
        shutil.rmtree(folder, ignore_errors=True)
    elif not passed:
        print(f"Logs and the ledger are kept in {folder}", file=sys.stderr)
    return 0 if passed else 1


async def _run(plan: Plan | Hold | Cost | Saturate, folder: Path) -> bool:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await plan.run(folder)


if __name__ == "__main__":
    sys.exit(main())
