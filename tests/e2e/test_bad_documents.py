"""Whatever somebody uploads, over HTTP from upload to result: a reason, in time, within the memory.

The system is one that nobody has configured. Nothing here may take a process to the limit that the
smallest machine gives it. What would, a page that unpacks to a gigabyte: `test_bad_handlers.py`.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic

import bad_documents as bad
import pytest
from live_system import System

from haulage.client import ApiError
from haulage.engine.memory import LEAST_MB

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("system")]

# A few seconds each alone; tests have company.
WITHIN_S = 60
HALL = {"pagesize": (14_400, 14_400)}

Refused = str
Page = tuple[str, str]


def sizes_mb(system: System) -> dict[int, int]:
    """The most memory that each process which opens documents has had."""
    found = {}
    for pid in {*system.pids("worker-cpu"), *system.pids("api"), *system.pids("worker-io")}:
        with suppress(OSError):
            status = Path(f"/proc/{pid}/status").read_text()
            if peak := re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE):
                found[pid] = int(peak[1]) // 1024
    return found


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(lambda: bad.drawn(bad.words)[:600], "is cut off", id="truncated"),
        pytest.param(bad.encrypted, "wants a password", id="encrypted"),
        pytest.param(lambda: b"%PDF-1.7\n", "is cut off", id="header only"),
        pytest.param(lambda: b"", "has no content", id="empty"),
        pytest.param(lambda: b"no document", "is text/plain; must be application/pdf", id="text"),
        pytest.param(lambda: bad.of_pages(10_000), "has 10000 pages", id="10,000 pages"),
        pytest.param(bad.thread_of_pixels, "has 1 × 100000 pixels", id="1 × 100,000 pixels"),
        pytest.param(bad.zip_bomb, "is application/zip; must be", id="bomb of an archive"),
        pytest.param(bad.swollen_page, "unpacks to more than 200 MB", id="bomb of a page"),
        pytest.param(
            lambda: bad.drawn(bad.words, **HALL), ("processed", ""), id="as large as a hall"
        ),
        pytest.param(bad.scan_in_print_colours, ("processed", ""), id="CMYK"),
        pytest.param(lambda: bad.drawn(bad.turned), ("processed", ""), id="turned"),
        pytest.param(lambda: bad.drawn(bad.nothing), ("skipped", "blank"), id="blank"),
        pytest.param(
            lambda: bad.drawn(bad.picture), ("skipped", "only pictures, no text"), id="picture"
        ),
        pytest.param(
            bad.without_unicode, ("skipped", "no text could be read"), id="letters without names"
        ),
        pytest.param(
            bad.swollen_picture,
            ("skipped", "conversion failed: The page holds an image of 32000 × 32000 pixels"),
            id="bomb of pixels",
        ),
    ],
)
def test_a_bad_document_has_a_reason_in_time_and_within_the_memory(
    system: System, tmp_path: Path, make: Callable[[], bytes], expected: Refused | Page
) -> None:
    path = tmp_path / "document"
    path.write_bytes(make())
    before = sizes_mb(system)
    began = monotonic()

    if isinstance(expected, str):
        with pytest.raises(ApiError) as refused:
            submit(system, path)
        assert refused.value.status == 422
        assert any(expected in fault.message for fault in refused.value.errors)
    else:
        status, reason = expected
        (page,) = submit(system, path)
        assert page["status"] == status
        assert page["reason"].startswith(reason)
        assert bool(page["text"]) == (status == "processed")

    assert monotonic() - began < WITHIN_S
    grown = {pid: mb for pid, mb in sizes_mb(system).items() if mb > before.get(pid, 0)}
    assert all(mb < LEAST_MB for mb in grown.values()), grown


def submit(system: System, path: Path) -> list[dict]:
    file = system.client.upload(path)
    job = system.client.submit("extract_text", {"file": str(file.id)})
    ended = system.until_ended(job.id, within_s=WITHIN_S)
    assert (ended.state, ended.attempt) == ("succeeded", 1), ended.error
    return ended.result["pages"]
