"""How pages of files look, and which files a job has: what a reader holds a result against."""

import io
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from obstore.store import MemoryStore
from PIL import Image
from pydantic import BaseModel
from reportlab.pdfgen.canvas import Canvas

from haulage.domain.file_ids import FileId
from haulage.domain.files import made_id
from haulage.domain.job_type import Registry, job_type
from haulage.engine.services import Services
from haulage.storage.blobs import Blobs
from tests.api.conftest import assert_problem


class IssueInput(BaseModel):
    cover: FileId | None = None
    files: list[FileId]


@pytest.fixture
def registry() -> Registry:
    registry = Registry()

    @job_type("issue", registry=registry)
    def issue(input: IssueInput, ctx: object) -> None:
        """Several files, one paper."""

    return registry


@pytest.fixture
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    in_bucket = getattr(request, "param", "") == "a bucket"
    return Blobs(MemoryStore()) if in_bucket else Blobs.open(str(tmp_path / "blobs"))


def pdf(pages: int = 2) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(300, 600))
    for page in range(pages):
        canvas.drawString(72, 500, f"page {page}")
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


async def uploaded(http: httpx.AsyncClient, content: bytes, name: str = "a.pdf") -> Any:
    return (await http.post("/api/v1/files", params={"name": name}, content=content)).json()


@pytest.fixture
async def pages(http: httpx.AsyncClient) -> str:
    """The pages of an uploaded PDF that has two."""
    return f"/api/v1/files/{(await uploaded(http, pdf()))['id']}/pages"


@pytest.mark.parametrize("blobs", ["a folder", "a bucket"], indirect=True)
async def test_a_page_is_a_jpeg_as_wide_as_asked_for(http: httpx.AsyncClient, pages: str) -> None:
    answer = await http.get(f"{pages}/2/image", params={"width": 150})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert Image.open(io.BytesIO(answer.content)).size == (150, 300)


async def test_who_has_the_picture_is_told_so(http: httpx.AsyncClient, pages: str) -> None:
    first = await http.get(f"{pages}/1/image")
    again = await http.get(f"{pages}/1/image", headers={"If-None-Match": first.headers["etag"]})
    smaller = await http.get(
        f"{pages}/1/image?width=100", headers={"If-None-Match": first.headers["etag"]}
    )

    assert (first.status_code, again.status_code, smaller.status_code) == (200, 304, 200)
    assert again.headers["cache-control"].startswith("private")


@pytest.mark.parametrize("page", ["3", "999999"])
async def test_a_page_that_the_file_has_not_is_not_found(
    http: httpx.AsyncClient, pages: str, page: str
) -> None:
    document = assert_problem(await http.get(f"{pages}/{page}/image"), 404, "not_found")
    assert document["detail"] == f"The file has 2 pages; there is no {page}."


@pytest.mark.parametrize("asked", ["0/image", "x/image", "1/image?width=63", "1/image?width=2401"])
async def test_what_is_no_page_and_no_width_is_refused_by_name(
    http: httpx.AsyncClient, pages: str, asked: str
) -> None:
    document = assert_problem(await http.get(f"{pages}/{asked}"), 400, "invalid_query")
    assert document["errors"][0]["parameter"] in ("page", "width")


@pytest.mark.parametrize(
    ("content", "code"), [(b"words", "unknown_format"), (pdf()[:300], "damaged_pdf")]
)
async def test_what_cannot_be_drawn_says_why(
    http: httpx.AsyncClient, content: bytes, code: str
) -> None:
    file = await uploaded(http, content)
    assert_problem(await http.get(f"/api/v1/files/{file['id']}/pages/1/image"), 422, code)


async def test_a_content_that_is_gone_is_not_found(
    http: httpx.AsyncClient, pages: str, tmp_path: Path
) -> None:
    for path in (tmp_path / "blobs").rglob("*"):
        if path.is_file():
            path.unlink()
    assert_problem(await http.get(f"{pages}/1/image"), 404, "not_found")


async def test_a_jobs_files_come_in_the_order_that_its_input_names_them(
    http: httpx.AsyncClient,
) -> None:
    second, first, cover = [
        await uploaded(http, pdf(count), name=f"{count}.pdf") for count in (2, 1, 3)
    ]
    given = {"cover": cover["id"], "files": [first["id"], second["id"]]}
    job = (await http.post("/api/v1/jobs", json={"type": "issue", "input": given})).json()

    answer = await http.get(f"/api/v1/jobs/{job['id']}/files")

    roles = [{**one, "role": "named"} for one in (cover, first, second)]
    assert answer.json() == {"data": roles}


async def test_files_that_a_job_has_made_come_last(
    http: httpx.AsyncClient, services: Services
) -> None:
    file = await uploaded(http, b"words", name="a.txt")
    given = {"type": "issue", "input": {"files": [file["id"]]}}
    job = (await http.post("/api/v1/jobs", json=given)).json()["id"]
    made = made_id(job_id := UUID(job), file["sha256"], "b.txt")
    await services.files.add(
        id=made, tenant="default", sha256=file["sha256"], size=5, media_type="text/plain",
        name="b.txt", made_by=job_id,
    )  # fmt: skip

    listed = (await http.get(f"/api/v1/jobs/{job}/files")).json()["data"]

    assert [(one["id"], one["role"]) for one in listed] == [
        (file["id"], "named"), (str(made), "made")
    ]  # fmt: skip
