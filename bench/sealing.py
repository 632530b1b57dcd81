"""What sealing payloads costs a job: without keys, and with one.

A job's texts as the stores handle them: its input is sealed and opened, its result, one step and a
progress report are sealed, the result is opened by its reader. Beside it what keeping and reading
texts of that size costs in JSON alone, which every job pays anyway.
"""

import base64
import json
import time
from collections.abc import Callable

from bench.system import report
from haulage.storage.sealing import Sealer

BAR_OFF_US = 2.0
JOBS = 20_000
TEXT = json.dumps({"text": "Much ado about nothing. " * 40})


def main() -> bool:
    """True when sealing that is switched off costs a job less than the bar."""
    off, on = Sealer(), Sealer([base64.urlsafe_b64encode(bytes(range(32))).decode()])
    off_us, on_us, json_us = (_least_us(each) for each in (_job(off), _job(on), _json))
    return report(
        "sealing",
        met=off_us < BAR_OFF_US,
        off_us_a_job=off_us,
        bar=BAR_OFF_US,
        on_us_a_job=on_us,
        json_alone_us=json_us,
        text_bytes=len(TEXT),
    )


def _job(sealer: Sealer) -> Callable[[], object]:
    def job() -> None:
        sealer.open(sealer.seal(TEXT))
        sealer.open(sealer.seal(TEXT, under="a job 1"))
        sealer.seal(TEXT)
        sealer.seal('{"percent":10.0}')

    return job


def _json() -> None:
    for _ in range(3):
        json.loads(TEXT)
        json.dumps({"text": TEXT})


def _least_us(each: Callable[[], object]) -> float:
    """Of five rounds the quickest: what else the machine does only adds."""
    rounds = []
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(JOBS // 5):
            each()
        rounds.append((time.perf_counter() - began) / (JOBS // 5) * 1e6)
    return min(rounds)
