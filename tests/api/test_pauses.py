"""What the garbage collector takes of an answer's time, in a process of its own."""

import json
import subprocess
import sys

PROGRAM = """
import gc, json
from haulage.wiring import collector

looks = []
collector.calm()
if {prompt}:
    collector.prompt()
gc.callbacks.append(lambda phase, of: looks.append(of["collected"]) if phase == "stop" else None)
for _ in range(200_000):
    circle = []
    circle.append(circle)
print(json.dumps(looks))
"""


def _looks(*, prompt: bool) -> list[int]:
    """What each look collected while 200,000 circles became garbage."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(prompt=prompt)],
        capture_output=True,
        text=True,
        check=True,
    )
    return list(json.loads(done.stdout))


def test_a_process_that_answers_never_stops_for_more_than_a_few_thousand_objects() -> None:
    assert 0 < max(_looks(prompt=True)) < 6_000


def test_a_process_that_works_stops_seldom() -> None:
    assert len(_looks(prompt=False)) < 5
