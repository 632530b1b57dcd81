"""What is found in files on their arrival; whatever it is, they are kept."""

import io
import struct
from pathlib import Path
from typing import Any

import httpx
import pytest
from obstore.store import MemoryStore
from PIL import Image
from pydantic import BaseModel
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from haulage.domain.file_ids import FileId, PdfId
from haulage.domain.job_type import Registry, job_type
from haulage.storage import local_copies
from haulage.storage.blobs import Blobs
from tests.api.conftest import assert_problem


class ReadInput(BaseModel):
    files: list[PdfId]


class CopyInput(BaseModel):
    file: FileId


@pytest.fixture
def registry() -> Registry:
    registry = Registry()

    @job_type("read", registry=registry)
    def read(input: ReadInput, ctx: object) -> None:
        """Open PDFs."""

    @job_type("copy", registry=registry)
    def copy(input: CopyInput, ctx: object) -> None:
        """Whatever it is."""

    return registry


def pdf(pages: int = 1, *, password: str | None = None) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, encrypt=StandardEncryption(password) if password else None)
    for page in range(pages):
        canvas.drawString(72, 720, f"page {page}")
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def png(width: int, height: int) -> bytes:
    stream = io.BytesIO()
    Image.new("1", (8, 8)).save(stream, "PNG")
    content = bytearray(stream.getvalue())
    content[16:24] = struct.pack(">II", width, height)
    return bytes(content)


async def uploaded(http: httpx.AsyncClient, content: bytes, name: str = "a.bin") -> Any:
    answer = await http.post("/api/v1/files", params={"name": name}, content=content)
    assert answer.status_code == 201
    return answer.json()


@pytest.fixture
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    in_bucket = getattr(request, "param", "") == "a bucket"
    return Blobs(MemoryStore()) if in_bucket else Blobs.open(str(tmp_path / "blobs"))


@pytest.mark.parametrize("blobs", ["a folder", "a bucket"], indirect=True)
async def test_a_pdf_says_how_many_pages_it_has(http: httpx.AsyncClient) -> None:
    file = await uploaded(http, pdf(3), name="picture.png")
    assert (file["media_type"], file["pages"], file["fault"]) == ("application/pdf", 3, None)


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (pdf(password="secret"), "application/pdf", "encrypted_pdf"),
        (pdf()[:500], "application/pdf", "damaged_pdf"),
        (pdf(21), "application/pdf", "too_many_pages"),
        (png(60_000, 60_000), "image/png", "too_many_pixels"),
        (png(1, 100_000), "image/png", "too_many_pixels"),
    ],
)
async def test_what_cannot_be_opened_is_kept_and_says_so(
    http: httpx.AsyncClient, content: bytes, kind: str, code: str
) -> None:
    file = await uploaded(http, content)
    assert (file["media_type"], file["pages"], file["fault"]["code"]) == (kind, None, code)
    assert (await http.get(f"/api/v1/files/{file['id']}")).json() == file
    assert (await http.get(f"/api/v1/files/{file['id']}/content")).content == content


@pytest.mark.parametrize("blobs", ["a bucket"], indirect=True)
async def test_a_file_is_stored_where_nobody_can_look_into_it(
    http: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "full").touch()
    monkeypatch.setattr(local_copies.tempfile, "gettempdir", lambda: str(tmp_path / "full"))
    file = await uploaded(http, pdf())
    assert (file["media_type"], file["pages"], file["fault"]) == ("application/pdf", None, None)


async def test_a_job_that_must_open_its_file_refuses_what_can_not_be_opened(
    http: httpx.AsyncClient,
) -> None:
    readable, locked, text = [
        (await uploaded(http, content))["id"]
        for content in (pdf(), pdf(password="secret"), b"only text")
    ]
    unknown = "01970000-0000-7000-8000-000000000000"

    def job(*ids: str) -> dict[str, Any]:
        return {"type": "read", "input": {"files": ids}}

    assert (await http.post("/api/v1/jobs", json=job(readable))).status_code == 202
    answer = await http.post("/api/v1/jobs", json=job(readable, locked, text, unknown))
    problem = assert_problem(answer, 422, "invalid_input")
    faults = problem["errors"]
    assert problem["job_type"] == "read"
    assert [fault["pointer"] for fault in faults] == [f"/input/files/{n}" for n in (1, 2, 3)]
    assert "wants a password" in faults[0]["message"]
    assert faults[1]["message"] == "is text/plain; must be application/pdf"
    assert "no such file" in faults[2]["message"]
    batch = await http.post("/api/v1/jobs/batch", json={"jobs": [job(readable), job(unknown)]})
    (fault,) = assert_problem(batch, 422, "invalid_input")["errors"]
    assert fault["pointer"] == "/jobs/1/input/files/0"


async def test_a_job_that_only_names_its_file_takes_any(http: httpx.AsyncClient) -> None:
    locked = await uploaded(http, pdf(password="secret"))
    job = {"type": "copy", "input": {"file": locked["id"]}}
    assert (await http.post("/api/v1/jobs", json=job)).status_code == 202


async def test_a_schedule_names_files_that_there_are(http: httpx.AsyncClient) -> None:
    body = {
        "name": "nightly",
        "type": "copy",
        "cron": "0 3 * * *",
        "input": {"file": "01970000-0000-7000-8000-000000000000"},
    }
    answer = await http.post("/api/v1/schedules", json=body)
    (fault,) = assert_problem(answer, 422, "invalid_input")["errors"]
    assert fault["pointer"] == "/input/file"
