import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import assert_problem

PDF = b"%PDF-1.7 " + bytes(range(256)) * 100


def stored(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]


async def test_a_form_with_a_file_is_201_with_what_was_stored(http: httpx.AsyncClient) -> None:
    files = {"file": ("novel.pdf", PDF, "application/pdf")}
    answer = await http.post("/api/v1/files", files=files)
    assert answer.status_code == 201
    document = answer.json()
    assert answer.headers["location"] == f"/api/v1/files/{document['id']}"
    assert document["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert document["size"] == len(PDF)
    assert (document["media_type"], document["name"]) == ("application/pdf", "novel.pdf")
    assert (await http.get(answer.headers["location"])).json() == document


async def test_a_body_can_be_the_file_itself(http: httpx.AsyncClient) -> None:
    answer = await http.post(
        "/api/v1/files?name=été.pdf", content=PDF, headers={"Content-Type": "application/pdf"}
    )
    assert answer.status_code == 201
    assert answer.json()["name"] == "été.pdf"
    assert answer.json()["media_type"] == "application/pdf"
    assert answer.json()["sha256"] == hashlib.sha256(PDF).hexdigest()


async def test_the_content_comes_back_as_a_download(http: httpx.AsyncClient) -> None:
    files = {"file": ('<b>"é".html', b"<script>1</script>", "text/html")}
    location = (await http.post("/api/v1/files", files=files)).headers["location"]
    answer = await http.get(f"{location}/content")
    assert answer.content == b"<script>1</script>"
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"_b__22__22.html\"; filename*=UTF-8''%3Cb%3E%2522%C3%A9%2522.html"
    )
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_equal_files_are_one_blob(http: httpx.AsyncClient, tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        await http.post("/api/v1/files", files={"file": (name, PDF)})
    assert len(stored(tmp_path)) == 1


@pytest.mark.parametrize(
    ("said", "kept"),
    [("../../etc/passwd", "passwd"), ("C:\\temp\\x.pdf", "x.pdf"), ("a\x00\nb.pdf", "ab.pdf"),
     ("", "file"), ("..", "file"), (" . ", "file"), ("n" * 300, "n" * 255)],
)  # fmt: skip
async def test_a_name_is_never_a_path(http: httpx.AsyncClient, said: str, kept: str) -> None:
    answer = await http.post("/api/v1/files", params={"name": said}, content=b"x")
    assert answer.json()["name"] == kept


async def test_a_boundary_cut_by_the_network_is_still_one(http: httpx.AsyncClient) -> None:
    head = (
        b'--cut\r\nContent-Disposition: form-data; name="file"; filename="n.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\n"
    )
    content = b"line\r\n--cu\r\nline\r\n-"
    whole = head + content + b"\r\n--cut--\r\n"

    async def byte_by_byte() -> AsyncIterator[bytes]:
        for place in range(len(whole)):
            yield whole[place : place + 1]

    answer = await http.post(
        "/api/v1/files",
        content=byte_by_byte(),
        headers={"Content-Type": "multipart/form-data; boundary=cut"},
    )
    assert answer.json()["sha256"] == hashlib.sha256(content).hexdigest()
    assert answer.json()["name"] == "n.txt"


@pytest.mark.parametrize("way", ["form", "raw", "raw in parts"])
async def test_a_file_that_is_too_large_is_413_and_leaves_nothing(
    http: httpx.AsyncClient, tmp_path: Path, way: str
) -> None:
    content = b"x" * 200_001

    async def in_parts() -> AsyncIterator[bytes]:
        for place in range(0, len(content), 1000):
            yield content[place : place + 1000]

    if way == "form":
        answer = await http.post("/api/v1/files", files={"file": ("a", content)})
    else:
        answer = await http.post("/api/v1/files", content=content if way == "raw" else in_parts())
    assert_problem(answer, 413, "payload_too_large")
    assert stored(tmp_path) == []


async def test_a_file_of_exactly_the_limit_fits(http: httpx.AsyncClient) -> None:
    answer = await http.post("/api/v1/files", files={"file": ("a", b"x" * 200_000)})
    assert answer.status_code == 201


@pytest.mark.parametrize("request_options", [{"files": {"file": ("a.pdf", b"")}}, {"content": b""}])
async def test_an_empty_file_is_422(
    http: httpx.AsyncClient, tmp_path: Path, request_options: dict
) -> None:
    document = assert_problem(
        await http.post("/api/v1/files", **request_options), 422, "invalid_input"
    )
    assert document["errors"][0]["pointer"] == "/file"
    assert stored(tmp_path) == []


@pytest.mark.parametrize(
    ("files", "pointer"),
    [
        ({"document": ("a.pdf", b"x")}, "/document"),
        ([("file", ("a", b"x")), ("file", ("b", b"y"))], "/file"),
        ([("file", ("a", b"x")), ("note", (None, b"y"))], "/note"),
    ],
)
async def test_a_form_has_the_field_file_and_no_other(
    http: httpx.AsyncClient, tmp_path: Path, files: object, pointer: str
) -> None:
    answer = await http.post("/api/v1/files", files=files)
    document = assert_problem(answer, 422, "invalid_input")
    assert document["errors"][0]["pointer"] == pointer
    assert stored(tmp_path) == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"no form at all"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b",
         b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\ncut off'),
        ("multipart/form-data; boundary=" + "b" * 500, b"x"),
    ],
)  # fmt: skip
async def test_a_form_that_is_none_is_400(
    http: httpx.AsyncClient, tmp_path: Path, kind: str, body: bytes
) -> None:
    answer = await http.post("/api/v1/files", content=body, headers={"Content-Type": kind})
    assert_problem(answer, 400, "malformed_form")
    assert stored(tmp_path) == []


async def test_what_a_careless_curl_sends_is_415(http: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await http.post("/api/v1/files", content=PDF, headers=headers)
    assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("path", ["", "/content"])
@pytest.mark.parametrize("file_id", ["0190b5a4-0000-7000-8000-000000000000", "17"])
async def test_an_unknown_file_is_404(http: httpx.AsyncClient, file_id: str, path: str) -> None:
    assert_problem(await http.get(f"/api/v1/files/{file_id}{path}"), 404, "not_found")
