"""Bytes of a file: whole, in ranges, or not at all for who has them."""

import hashlib

import httpx
import pytest

from haulage.api.downloads import asked_range, disposition
from haulage.api.errors import Refusal
from tests.api.conftest import assert_problem

CONTENT = bytes(range(100))
ETAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'


@pytest.fixture
async def url(http: httpx.AsyncClient) -> str:
    answer = await http.post("/api/v1/files", content=CONTENT)
    return f"{answer.headers['location']}/content"


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-", (90, 100)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=0-", (0, 100)),
        *((whole, None) for whole in ("bytes=5-2", "bytes=-", "bytes=0-1,5-6", "pages=1-2", "5-6")),
    ],
)
def test_a_single_range_is_understood_and_all_else_means_the_whole(
    asked: str, part: tuple[int, int] | None
) -> None:
    assert asked_range({"range": asked}, size=100, etag=ETAG) == part


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(asked: str) -> None:
    with pytest.raises(Refusal) as caught:
        asked_range({"range": asked}, size=100, etag=ETAG)
    assert caught.value.status == 416


@pytest.mark.parametrize(
    ("condition", "part"),
    [
        (ETAG, (0, 1)),
        ('"other"', None),
        (f"W/{ETAG}", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_a_range_of_another_content_is_not_given(
    condition: str, part: tuple[int, int] | None
) -> None:
    asked = {"range": "bytes=0-0", "if-range": condition}
    assert asked_range(asked, size=100, etag=ETAG) == part


async def test_a_range_is_206_and_one_beyond_the_end_416(http: httpx.AsyncClient, url: str) -> None:
    answer = await http.get(url, headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.content) == (206, CONTENT[10:20])
    assert answer.headers["content-range"] == "bytes 10-19/100"
    assert answer.headers["content-length"] == "10"
    assert answer.headers["etag"] == ETAG
    beyond = await http.get(url, headers={"Range": "bytes=100-"})
    assert_problem(beyond, 416, "range_not_satisfiable")
    assert beyond.headers["content-range"] == "bytes */100"
    whole = await http.get(url, headers={"Range": "bytes=0-1,5-6"})
    assert (whole.status_code, whole.content) == (200, CONTENT)
    assert whole.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize("known", [ETAG, f'"other", W/{ETAG}'])
async def test_who_has_it_hears_304(http: httpx.AsyncClient, url: str, known: str) -> None:
    answer = await http.get(url, headers={"If-None-Match": known, "Range": "bytes=0-0"})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", ETAG)


async def test_head_says_what_get_would(http: httpx.AsyncClient, url: str) -> None:
    answer = await http.head(url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == "100"
    assert answer.headers["content-type"] == "application/octet-stream"


async def test_a_json_file_is_no_document_of_ours(http: httpx.AsyncClient) -> None:
    text = b'{"a": 1}' * 1_000
    answer = await http.post(
        "/api/v1/files?name=a.json", content=text, headers={"Content-Type": "application/json"}
    )
    got = await http.get(
        f"{answer.headers['location']}/content", headers={"Accept-Encoding": "gzip"}
    )
    assert got.content == text
    assert "content-encoding" not in got.headers
    assert got.headers.get_list("etag") == [f'"{hashlib.sha256(text).hexdigest()}"']
    assert got.headers["cache-control"] == "private, no-cache"


async def test_bytes_that_are_gone_are_404(http: httpx.AsyncClient, url: str, tmp_path) -> None:
    for path in (tmp_path / "blobs" / "sha256").rglob("*"):
        if path.is_file():
            path.unlink()
    assert_problem(await http.get(url), 404, "not_found")


@pytest.mark.parametrize(
    ("name", "plain", "whole"),
    [
        ("a b.pdf", "a b.pdf", "a%20b.pdf"),
        ('a"; filename="b.exe', "a__ filename=_b.exe", "a%22%3B%20filename%3D%22b.exe"),
        ("Zoë\\100%.txt", "Zo__100_.txt", "Zo%C3%AB%5C100%25.txt"),
    ],
)
def test_a_name_cannot_end_its_header(name: str, plain: str, whole: str) -> None:
    assert disposition(name) == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}"
