"""A minute of `make chaos`, as a part of every test run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.e2e
@pytest.mark.xdist_group("chaos")
@pytest.mark.timeout(240)
def test_a_minute_of_faults_breaks_no_promise(tmp_path: Path) -> None:
    # Other tests share the machine: what is slow there is no fault, what is lost is. The faults
    # find jobs in every state at this rate; a higher one would take the cores from those tests.
    command = [sys.executable, "-m", "chaos", "--minutes", "1", "--slack", "3", "--rate", "12"]
    ended = subprocess.run(
        [*command, "--folder", str(tmp_path)],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name[:8] != "HAULAGE_"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    told = json.loads(ended.stdout.splitlines()[-1])
    assert told["violations"] == {}
    assert told["faults"] >= 3
    assert told["succeeded"] + told["cancelled"] >= told["accepted"] > 500
