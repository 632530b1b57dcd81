"""The console is served beside the API, lets nothing foreign run, and takes no path of its."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from haulage.api import console_files
from tests.api.conftest import Api

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
INDEX = (
    '<head><base href="/" /><meta property="csp-nonce" nonce="__NONCE__">'
    '<script src="./assets/index-1a2b.js" nonce="__NONCE__"></script></head>'
)


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A console of one script, in place of the one that may or may not be built."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(INDEX)
    (tmp_path / "assets" / "index-1a2b.js").write_text("start()")
    (tmp_path / "secret.txt").write_text("not an asset")
    monkeypatch.setattr(console_files, "DIST", tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", ["/", "/jobs", "/jobs/01a2-x", "/dead-letters?q=a", "/nowhere"])
async def test_a_browser_gets_the_console_for_every_page(
    http: httpx.AsyncClient, built: Path, path: str
) -> None:
    answer = await http.get(path, headers=BROWSER)
    assert answer.status_code == 200
    assert "./assets/index-1a2b.js" in answer.text


@pytest.mark.parametrize(
    ("path", "page"),
    [("/", "overview"), ("/jobs", "jobs"), ("/jobs/01a2-x", "job"), ("/dead-letters", None)],
)
async def test_the_document_names_the_parts_of_the_page_that_is_asked_for(
    http: httpx.AsyncClient, built: Path, path: str, page: str | None
) -> None:
    pages = ("overview", "jobs", "job")
    parts = {one: [f"assets/{one}-1.js", f"assets/{one}-2.css"] for one in pages}
    (built / "pages.json").write_text(json.dumps(parts))
    text = (await http.get(path, headers=BROWSER)).text
    named = re.findall(r'<link rel="(\w+)" crossorigin href="\./assets/(\w+)-', text)
    assert named == ([("modulepreload", page), ("stylesheet", page)] if page else [])


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/docs/nothing", "/health/x", "/metrics/x"])
async def test_what_begins_like_the_api_stays_the_apis(
    http: httpx.AsyncClient, built: Path, path: str
) -> None:
    answer = await http.get(path, headers=BROWSER)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_program_that_errs_hears_a_problem_and_no_page(
    http: httpx.AsyncClient, built: Path
) -> None:
    assert (await http.get("/jobs")).json()["code"] == "not_found"
    assert (await http.post("/jobs", headers=BROWSER)).status_code == 404


async def test_only_what_has_the_answers_own_nonce_is_let_in(
    http: httpx.AsyncClient, built: Path
) -> None:
    first, second = [await http.get("/", headers=BROWSER) for _ in range(2)]
    policy = first.headers["content-security-policy"]
    nonce = re.search(r"style-src 'self' 'nonce-([\w-]{20,})'", policy)
    assert nonce
    assert first.text.count(nonce[1]) == 2
    assert nonce[1] not in second.text
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["referrer-policy"] == "no-referrer"
    assert first.headers["cache-control"] == "no-cache"


async def test_assets_are_kept_for_ever_and_compressed(
    http: httpx.AsyncClient, built: Path
) -> None:
    packed = built / "assets" / "index-1a2b.js.gz"
    plain = await http.get("/assets/index-1a2b.js", headers={"Accept-Encoding": "identity"})
    packed.write_bytes(gzip.compress(b"start()"))
    small = await http.get("/assets/index-1a2b.js")
    for answer in (plain, small):
        assert answer.text == "start()"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"].startswith("text/javascript")
    assert small.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("name", ["gone-1.js", "..%2Fsecret.txt", "%2e%2e/secret.txt", "%00"])
async def test_nothing_but_assets_is_served(
    http: httpx.AsyncClient, built: Path, name: str
) -> None:
    assert (await http.get(f"/assets/{name}")).status_code == 404


async def test_where_it_is_mounted_stands_in_the_page(api: Api, built: Path) -> None:
    transport = httpx.ASGITransport(api.app, root_path="/tools/haulage")
    async with httpx.AsyncClient(transport=transport, base_url="http://haulage.test") as http:
        answer = await http.get("/", headers=BROWSER)
    assert '<base href="/tools/haulage/"' in answer.text


@pytest.mark.parametrize("missing", ["index.html", "assets"])
async def test_a_console_that_is_not_whole_says_how_to_mend_it(
    http: httpx.AsyncClient, built: Path, missing: str
) -> None:
    (built / missing).rename(built / "elsewhere")
    answer = await http.get("/", headers=BROWSER)
    assert answer.status_code == 404
    assert "The console is not built" in answer.text
    assert "<code>make console</code>" in answer.text
