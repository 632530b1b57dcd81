"""Looking into files that nobody trusts, in a process that may be lost."""

import base64
import gzip
import io
import os
import re
import signal
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from haulage.documents.inspection import NOTHING, Finding
from haulage.documents.inspector import LOST, Inspector
from haulage.documents.media_types import media_type_of


@pytest.fixture(scope="module")
def others() -> set[int]:
    """Inspectors that other tests have in this process."""
    return children()


@pytest.fixture(scope="module")
def inspector(others: set[int]) -> Iterator[Inspector]:
    opened = Inspector(max_pages=5, max_pixels=1_000_000, limit_s=5, processes=1)
    yield opened
    opened.close()


def look(inspector: Inspector, path: Path, content: bytes, kind: str = "") -> Finding:
    path.write_bytes(content)
    return inspector.inspect(path, kind or media_type_of(content)).result(30)


def pdf(pages: int = 1, *, password: str | None = None) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, encrypt=StandardEncryption(password) if password else None)
    for page in range(pages):
        canvas.drawString(72, 720, f"page {page}")
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def png_header(width: int, height: int) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))


def zipped(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", content)
    return stream.getvalue()


def with_declared_size(archive: bytes, size: int) -> bytes:
    """The list at the archive's end says that its only file unpacks to `size` bytes."""
    at = archive.index(b"PK\x01\x02") + 24
    return archive[:at] + struct.pack("<I", size) + archive[at + 4 :]


def overlapping() -> bytes:
    """Ten files that are the same bytes."""
    content = zipped(bytes(os.urandom(1_000)))
    at, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entry = content[at:end]
    told = struct.pack("<HHII", 10, 10, 10 * len(entry), at)
    return content[:at] + entry * 10 + content[end : end + 8] + told + b"\0\0"


def scan(width: int, height: int, kind: str = "JPEG") -> bytes:
    stream = io.BytesIO()
    Image.new("L", (width, height)).save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (pdf(3), Finding(pages=3)),
        (scan(80, 60), Finding(pages=1)),
        (zipped(b"text" * 1000), NOTHING),
        (gzip.compress(b"text" * 1000), NOTHING),
        (b"only text", NOTHING),
    ],
    ids=["a PDF", "a scan", "an archive", "gzip", "text"],
)
def test_what_is_in_order_is_found(inspector, tmp_path, content, found):
    assert look(inspector, tmp_path / "file", content) == found


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (pdf(password="secret"), "encrypted_pdf"),
        (pdf()[:600], "damaged_pdf"),
        (b"%PDF-1.7\n", "damaged_pdf"),
        (pdf(6), "too_many_pages"),
        (png_header(60_000, 60_000), "too_many_pixels"),
        (png_header(1, 100_000), "too_many_pixels"),
        (scan(1_001, 1_000, "PNG"), "too_many_pixels"),
        (scan(80, 60)[:20], "damaged_image"),
        (with_declared_size(zipped(b"a"), 2**32 - 2), "archive_bomb"),
        (gzip.compress(b"")[:-4] + struct.pack("<I", 2**32 - 2), "archive_bomb"),
        (gzip.compress(bytes(110 << 20), 1) + gzip.compress(b"its end"), "archive_bomb"),
        (overlapping(), "archive_bomb"),
        (zipped(b"text")[:40], "damaged_archive"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_opened_says_why(inspector, tmp_path, content, code):
    found = look(inspector, tmp_path / "file", content)
    assert (found.fault_code, found.pages) == (code, None)
    assert found.fault


OFFICE = "application/vnd.openxmlformats-officedocument"


@pytest.fixture(scope="module")
def real_bomb() -> bytes:
    return zipped(bytes(120 << 20))


@pytest.mark.parametrize(
    "kind",
    [
        "application/zip",
        "application/epub+zip",
        f"{OFFICE}.wordprocessingml.document",
        f"{OFFICE}.spreadsheetml.sheet",
        "application/vnd.oasis.opendocument.text",
    ],
)
def test_a_real_bomb_is_not_unpacked(inspector, tmp_path, real_bomb, kind):
    assert look(inspector, tmp_path / "bomb", real_bomb, kind).fault_code == "archive_bomb"


def test_it_has_a_gigabyte_writes_nothing_and_leaves_no_core(inspector, others, tmp_path):
    look(inspector, tmp_path / "file", pdf())
    (child,) = children() - others
    limits = re.sub(r" +", " ", Path(f"/proc/{child}/limits").read_text())
    assert f"Max address space {1 << 30} {1 << 30} bytes" in limits
    assert "Max file size 0 0 bytes" in limits
    assert "Max core file size 0 0 bytes" in limits


def test_what_kills_the_process_is_unreadable_and_the_next_file_is_not(inspector, others, tmp_path):
    os.mkfifo(tmp_path / "endless")
    answer = inspector.inspect(tmp_path / "endless", "application/pdf")
    # Opens once the other side reads, which waits for what never comes.
    with open(tmp_path / "endless", "wb"):
        (child,) = children() - others
        os.kill(child, signal.SIGKILL)
        assert answer.result(30) == LOST
    assert look(inspector, tmp_path / "file", pdf(2)) == Finding(pages=2)


def test_a_process_that_died_unasked_costs_no_file(inspector, others, tmp_path):
    look(inspector, tmp_path / "file", pdf())
    (child,) = children() - others
    os.kill(child, signal.SIGKILL)
    assert look(inspector, tmp_path / "file", pdf()) == Finding(pages=1)


def test_what_takes_too_long_is_unreadable(tmp_path):
    hasty = Inspector(max_pages=5, max_pixels=5, limit_s=0.05, processes=1)
    os.mkfifo(tmp_path / "endless")
    try:
        assert hasty.inspect(tmp_path / "endless", "application/pdf").result(30) == LOST
    finally:
        hasty.close()


def test_it_sees_none_of_our_secrets(inspector, tmp_path, monkeypatch):
    monkeypatch.setenv("HAULAGE_DATABASE_URL", "postgresql://secret")
    fresh = Inspector(max_pages=5, max_pixels=5, processes=1)
    try:
        known = children()
        look(fresh, tmp_path / "file", pdf())
        (child,) = children() - known
        assert b"HAULAGE_" not in Path(f"/proc/{child}/environ").read_bytes()
    finally:
        fresh.close()


def children() -> set[int]:
    """The inspectors of this process."""
    found = set()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            line = (folder / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == os.getpid() and b"haulage.documents.inspection" in line:
            found.add(int(folder.name))
    return found


def test_a_page_that_is_too_much_is_not_drawn_and_the_next_one_is(tmp_path):
    hasty = Inspector(max_pages=5, max_pixels=1_000_000, limit_s=0.001, processes=1)
    path = tmp_path / "a"
    path.write_bytes(pdf())
    try:
        lost = hasty.draw(path, 1, wide=2_000).result(30)
        assert (lost.jpeg, lost.fault_code) == (None, "unreadable")
    finally:
        hasty.close()


def test_a_page_is_drawn_by_the_process_that_nothing_is_lost_with(inspector, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(pdf(2))

    drawn = inspector.draw(path, 2, wide=200).result(30)

    assert base64.b64decode(drawn.jpeg or "").startswith(b"\xff\xd8")
    assert inspector.draw(path, 3, wide=200).result(30).fault_code == "no_such_page"
