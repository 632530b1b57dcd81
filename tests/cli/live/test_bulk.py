"""`haulage bulk`: looked at, agreed to, carried out, left."""

import asyncio
import fcntl
import os
import pty
import re
import subprocess
import sys
import termios
from uuid import UUID

import pytest

from haulage.engine.services import Services
from tests.api.conftest import Worker
from tests.api.live import Live
from tests.cli.live.conftest import Haulage, read_lines
from tests.conftest import TestClock
from tests.support.bulk_desk import Desk


@pytest.fixture
def desk(services: Services, clock: TestClock) -> Desk:
    return Desk(services, clock)


async def states(haulage: Haulage) -> set[str]:
    listed = await haulage("jobs", "list", "--type", "speak", "--all", "-o", "json")
    return {job["state"] for job in read_lines(listed)}


async def started(haulage: Haulage, clock: TestClock, *arguments: str) -> UUID:
    # A job that was created at the very moment of the filter is not meant.
    clock.advance(seconds=1)
    done = await haulage(
        "bulk", "start", "cancel", "--type", "speak", "--yes", "--detach", "-o", "json", *arguments
    )
    return UUID(read_lines(done)[0]["id"])


async def test_a_preview_counts_and_shows_and_changes_nothing(
    live: Live, haulage: Haulage, clock: TestClock
):
    ids = [await live.submit() for _ in range(12)]
    clock.advance(seconds=1)
    done = await haulage("bulk", "preview", "cancel", "--type", "speak")
    assert done.stdout.startswith("cancel 12 jobs\n")
    assert sum(job_id in done.stdout for job_id in ids) == 10
    assert "… and 2 more" in done.stdout
    assert await states(haulage) == {"queued"}


async def test_nothing_is_done_before_somebody_agrees(
    live: Live, haulage: Haulage, clock: TestClock
):
    await live.submit()
    clock.advance(seconds=1)
    done = await haulage("bulk", "start", "cancel", "--type", "speak", exits=2)
    assert "--yes" in done.stderr
    assert "No bulk operations" in (await haulage("bulk", "list")).stderr


async def test_an_operation_is_followed_to_its_end(
    live: Live, haulage: Haulage, clock: TestClock, desk: Desk
):
    for _ in range(3):
        await live.submit()
    bulk_id = await started(haulage, clock, "--reason", "wrong [file]")
    followed, _ = await asyncio.gather(haulage("bulk", "wait", str(bulk_id)), desk.run(bulk_id))
    assert re.search(r"succeeded +3/3 +3 changed", followed.stderr)
    assert await states(haulage) == {"cancelled"}
    shown = (await haulage("bulk", "show", str(bulk_id))).stdout
    assert "wrong [file]" in shown
    assert re.search(r"type +speak", shown)
    assert re.search(
        rf"^{bulk_id} +cancel +succeeded", (await haulage("bulk", "list")).stdout, re.M
    )


async def test_no_job_that_fits_is_no_operation(haulage: Haulage):
    done = await haulage("bulk", "start", "redrive", "--type", "speak", "--yes")
    assert "nothing to do" in done.stderr
    assert "No bulk operations" in (await haulage("bulk", "list")).stderr


async def test_without_a_filter_all_must_be_said(live: Live, haulage: Haulage, clock: TestClock):
    await live.submit()
    clock.advance(seconds=1)
    refused = await haulage("bulk", "preview", "cancel", exits=1)
    assert "haulage bulk preview --help" in refused.stderr
    (found,) = read_lines(await haulage("bulk", "preview", "cancel", "--all", "-o", "json"))
    assert found["count"] == 1


async def test_one_that_was_aborted_did_not_succeed(live: Live, haulage: Haulage, clock: TestClock):
    await live.submit()
    bulk_id = await started(haulage, clock)
    await haulage("bulk", "abort", str(bulk_id))
    done = await haulage("bulk", "wait", str(bulk_id), exits=1)
    assert "cancelled" in done.stderr
    assert await states(haulage) == {"queued"}


async def test_a_group_of_dead_letters_is_redriven(
    live: Live, haulage: Haulage, clock: TestClock, worker: Worker, desk: Desk
):
    await worker.fail(await live.submit())
    clock.advance(seconds=1)
    (group,) = read_lines(await haulage("dead-letters", "groups", "-o", "json"))
    arguments = ("redrive", "--fingerprint", group["fingerprint"], "--yes", "--detach")
    (bulk,) = read_lines(await haulage("bulk", "start", *arguments, "-o", "json"))
    await desk.run(UUID(bulk["id"]))
    assert await states(haulage) == {"queued"}


@pytest.mark.parametrize(("says", "state"), [("a", "cancelled"), ("", "queued")])
async def test_ctrl_c_asks_whether_to_abort_it(
    live: Live, haulage: Haulage, clock: TestClock, says: str, state: str
):
    await live.submit()
    bulk_id = await started(haulage, clock)
    told = await asyncio.to_thread(interrupted, str(bulk_id), says)
    assert "Abort it, or leave it running?" in told
    assert ("aborting" in told) == (says == "a")
    assert (f"haulage bulk abort {bulk_id}" in told) == (says != "a")
    (bulk,) = read_lines(await haulage("bulk", "show", str(bulk_id), "-o", "json"))
    assert bulk["state"] == state


def interrupted(bulk_id: str, says: str) -> str:
    """What a person sees at a terminal who presses Ctrl-C and then answers."""
    person, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "haulage", "bulk", "wait", bulk_id],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
    )
    os.close(terminal)
    seen = ""
    try:
        for awaited, answer in (("queued", "\x03"), ("[L]eave", f"{says}\n")):
            while awaited not in seen:
                seen += os.read(person, 4096).decode(errors="replace")
            os.write(person, answer.encode())
        while True:
            try:
                seen += os.read(person, 4096).decode(errors="replace")
            except OSError:  # the other end is closed: it has ended
                break
        assert process.wait(20) == 130
    finally:
        process.kill()
        os.close(person)
    return seen
