"""`python -m chaos`: break a stack of its own for some minutes, then check everything."""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from random import SystemRandom

from chaos.drill import Drill, Plan


def main() -> int:
    """Run; 0 when every promise held."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long faults strike")
    parser.add_argument("--seed", type=int, help="of the faults and the jobs; random if not said")
    parser.add_argument("--rate", type=float, default=30.0, help="jobs submitted a second")
    parser.add_argument(
        "--slack", type=float, default=1.0, help="multiplies the bars on recovery times"
    )
    parser.add_argument("--only", help="only faults whose name contains this")
    parser.add_argument("--folder", type=Path, help="for data and logs; kept when given")
    options = parser.parse_args()
    seed = SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    plan = Plan(
        minutes=options.minutes,
        seed=seed,
        rate=options.rate,
        slack=options.slack,
        only=options.only,
    )
    folder = options.folder or Path(tempfile.mkdtemp(prefix="haulage-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # PostgreSQL, under another user, passes through
    print(f"chaos: seed {seed}, {options.minutes:g} min, folder {folder}", flush=True)
    passed = asyncio.run(_run(plan, folder))
    if passed and not options.folder:
        shutil.rmtree(folder, ignore_errors=True)
    elif not passed:
        print(f"Logs and the ledger are kept in {folder}; again: --seed {seed}", file=sys.stderr)
    return 0 if passed else 1


async def _run(plan: Plan, folder: Path) -> bool:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await Drill(plan, folder).run()


if __name__ == "__main__":
    sys.exit(main())
