"""Parents and children on real processes."""

import os
import signal
from pathlib import Path

import pytest
from live_system import System, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("system")]


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    path = tmp_path / "witness"
    path.touch()
    return path


def family(witness: Path, *children: tuple[str, dict]) -> dict:
    return {"witness": str(witness), "children": children}


def parents(witness: Path) -> int:
    return witness.read_text().count("parent ")


def test_a_parent_resumes_with_the_outcomes_of_its_children(system: System, witness: Path) -> None:
    job = system.client.submit(
        "crew.parent",
        family(
            witness,
            ("echo", {"value": 1}),
            ("crew.broken", {"witness": str(witness)}),
            ("crunch", {"seconds": 0.2}),
        ),
    )
    ended = system.until_ended(job.id)
    assert ended.state == "succeeded", ended.error
    states = [state for state, _ in ended.result]
    assert states == ["succeeded", "failed", "succeeded"]
    assert ended.result[0][1] == {"value": 1}
    assert ended.result[1][1] == "page_missing"
    assert ended.attempt == 1
    assert parents(witness) == 2
    passed = [
        event.data["state"] for event in system.client.stream(job.id) if event.event == "state"
    ]
    assert passed == ["queued", "running", "waiting", "queued", "running", "succeeded"]


def test_a_waiting_parent_holds_no_slot(system: System, witness: Path) -> None:
    job = system.client.submit("crew.parent", family(witness, ("sleep", {"seconds": 2})))
    system.until_state(job.id, "waiting")
    held = system.query("SELECT worker_id FROM jobs WHERE id = %s", job.id)
    assert held == [(None,)]
    assert system.until_ended(job.id).state == "succeeded"


def test_a_cancel_reaches_the_children(system: System, witness: Path) -> None:
    job = system.client.submit(
        "crew.parent", family(witness, ("sleep", {"seconds": 60}), ("crunch", {"seconds": 60}))
    )
    system.until_state(job.id, "waiting")
    system.client.cancel(job.id)
    assert system.until_ended(job.id).state == "cancelled"
    until(
        lambda: (
            {
                state
                for (state,) in system.query("SELECT state FROM jobs WHERE parent_id = %s", job.id)
            }
            == {"cancelled"}
        )
    )


def test_a_family_survives_the_death_of_a_worker(system: System, witness: Path) -> None:
    job = system.client.submit("crew.parent", family(witness, *[("sleep", {"seconds": 1.5})] * 5))
    system.until_state(job.id, "waiting")
    for pid in system.pids("worker-io"):
        os.kill(pid, signal.SIGKILL)
    ended = system.until_ended(job.id, within_s=40)
    assert ended.state == "succeeded", ended.error
    assert [state for state, _ in ended.result] == ["succeeded"] * 5
    count = system.query("SELECT count(*) FROM jobs WHERE parent_id = %s", job.id)
    assert count == [(5,)]
