"""ETags, compression, and who may keep what."""

import gzip
import json
from typing import Any

import httpx
import pytest

from haulage.api import representation
from tests.api.conftest import Api, Submit, Worker, assert_problem
from tests.api.live import listening

PLAIN = {"Accept-Encoding": "identity"}


async def etag_of(http: httpx.AsyncClient, url: str) -> str:
    answer = await http.get(url)
    assert answer.status_code == 200
    return answer.headers["etag"]


@pytest.mark.parametrize("form", ["{}", '"other", {}', "*"])
async def test_who_has_a_document_already_hears_304(
    http: httpx.AsyncClient, submit: Submit, form: str
) -> None:
    url = f"/api/v1/jobs/{(await submit())['id']}"
    etag = await etag_of(http, url)
    answer = await http.get(url, headers={"If-None-Match": form.format(etag)})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag
    assert answer.headers["x-request-id"]
    assert "content-type" not in answer.headers


async def test_a_strong_etag_of_the_same_digest_counts_too(
    http: httpx.AsyncClient, submit: Submit
) -> None:
    url = f"/api/v1/jobs/{(await submit())['id']}"
    strong = (await etag_of(http, url)).removeprefix("W/")
    assert (await http.get(url, headers={"If-None-Match": strong})).status_code == 304


async def test_a_jobs_etag_changes_whenever_its_document_does(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    job_id = (await submit())["id"]
    url = f"/api/v1/jobs/{job_id}"
    seen = [await etag_of(http, url)]
    lease = await worker.claim(job_id)
    seen.append(await etag_of(http, url))
    await worker.progress(lease, 50)
    seen.append(await etag_of(http, url))
    await http.post(f"{url}/cancel")
    seen.append(await etag_of(http, url))
    await worker.stop(lease)
    seen.append(await etag_of(http, url))
    assert len(set(seen)) == 5
    seen.append(await etag_of(http, f"{url}?include=input"))
    assert len(set(seen)) == 6


async def test_a_list_is_known_again_until_a_job_of_it_moves(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    job_id = (await submit())["id"]
    url = "/api/v1/jobs?limit=5"
    known = {"If-None-Match": await etag_of(http, url)}
    assert (await http.get(url, headers=known)).status_code == 304
    await worker.claim(job_id)
    assert (await http.get(url, headers=known)).status_code == 200


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/api/v1/jobs/nothing"])
async def test_what_is_no_document_of_the_api_is_kept_by_nobody(
    http: httpx.AsyncClient, path: str
) -> None:
    headers = (await http.get(path, headers={"If-None-Match": "*"})).headers
    assert headers["cache-control"] == "no-store"
    assert "etag" not in headers


async def test_a_document_is_kept_by_who_asked_and_asked_for_again(
    http: httpx.AsyncClient, submit: Submit
) -> None:
    headers = (await http.get(f"/api/v1/jobs/{(await submit())['id']}")).headers
    assert headers["cache-control"] == "private, no-cache"


async def test_json_can_neither_run_nor_be_framed(http: httpx.AsyncClient) -> None:
    for path in ("/health", "/nothing"):
        policy = (await http.get(path)).headers["content-security-policy"]
        assert policy == "default-src 'none'; frame-ancestors 'none'"


@pytest.fixture
async def page(http: httpx.AsyncClient, submit: Submit) -> Any:
    for number in range(4):
        await submit(text=f"number {number}")
    return (await http.get("/api/v1/jobs", headers=PLAIN)).json()


@pytest.mark.parametrize("said", ["gzip", "br;q=1.0, gzip;q=0.8", "*", "GZIP"])
async def test_a_large_answer_is_compressed_for_who_takes_it(
    http: httpx.AsyncClient, page: Any, said: str
) -> None:
    request = http.build_request("GET", "/api/v1/jobs", headers={"Accept-Encoding": said})
    answer = await http.send(request, stream=True)
    raw = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "accept-encoding"
    assert int(answer.headers["content-length"]) == len(raw) < len(json.dumps(page))
    assert json.loads(gzip.decompress(raw)) == page


@pytest.mark.parametrize("said", ["identity", "br", "gzip;q=0", "gzip; q=0.0", ""])
async def test_a_large_answer_is_plain_for_who_does_not(
    http: httpx.AsyncClient, page: Any, said: str
) -> None:
    answer = await http.get("/api/v1/jobs", headers={"Accept-Encoding": said})
    assert "content-encoding" not in answer.headers
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.json() == page


async def test_the_plain_and_the_compressed_form_share_their_etag(
    http: httpx.AsyncClient, page: Any
) -> None:
    plain = await http.get("/api/v1/jobs", headers=PLAIN)
    compressed = await http.get("/api/v1/jobs", headers={"Accept-Encoding": "gzip"})
    assert plain.headers["etag"] == compressed.headers["etag"]


async def test_a_small_answer_stays_as_it_is(http: httpx.AsyncClient, submit: Submit) -> None:
    answer = await http.get(f"/api/v1/jobs/{(await submit())['id']}")
    assert "content-encoding" not in answer.headers
    assert "vary" not in answer.headers


async def test_a_refusal_is_compressed_too_and_stays_one(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(representation, "COMPRESS_FROM_BYTES", 10)
    answer = await http.get("/api/v1/jobs/nothing")
    assert answer.headers["content-encoding"] == "gzip"
    assert_problem(answer, 404, "not_found")


async def test_what_is_very_large_is_formed_in_a_thread(
    http: httpx.AsyncClient, page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(representation, "IN_A_THREAD_FROM_BYTES", 1)
    answer = await http.get("/api/v1/jobs")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json() == page


async def test_a_stream_is_never_compressed_nor_held_back(api: Api) -> None:
    async with listening(api) as live:
        job_id = await live.submit()
        url = f"/api/v1/jobs/{job_id}/events"
        async with live.http.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as answer:
            # The job is not over: what comes now was not held back for the rest.
            assert await anext(answer.aiter_bytes())
            headers = answer.headers
        assert "content-encoding" not in headers
        assert headers["cache-control"] == "no-store"
        assert "etag" not in headers


async def test_a_files_own_etag_and_policy_stay(http: httpx.AsyncClient) -> None:
    body = b'{"a": 1}'
    sent = await http.post(
        "/api/v1/files?name=a.txt", content=body, headers={"Content-Type": "text/plain"}
    )
    answer = await http.get(f"/api/v1/files/{sent.json()['id']}/content")
    assert answer.headers["etag"] == f'"{sent.json()["sha256"]}"'
    assert answer.headers["content-security-policy"].startswith("sandbox")
