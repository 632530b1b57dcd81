"""Bodies over a real socket: too large, too slow, and lengths that lie."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest

from haulage.engine.services import Services
from haulage.settings import Settings
from tests.api.conftest import Api, Submit, assert_problem, running_api
from tests.api.live import Live, listening

GOOD = b'{"type": "speak", "input": {"text": "hi"}}'


@pytest.fixture
async def live(settings: Settings, services: Services) -> AsyncIterator[Live]:
    impatient = settings.model_copy(
        update={"api": settings.api.model_copy(update={"body_silence_s": 0.2})}
    )
    async with running_api(impatient, services) as api, listening(api) as live:
        yield live


async def said_to(live: Live, *pieces: bytes) -> bytes:
    """The beginning of what comes back for these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", live.http.base_url.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
            return head + await reader.read(65_536)
    finally:
        writer.close()


def head(length: int, path: str = "/api/v1/jobs", kind: str = "application/json") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


async def test_a_body_that_stands_still_is_refused_and_its_connection_closed(live: Live) -> None:
    answer = await said_to(live, head(1_000), GOOD)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer.lower()
    assert b"HAULAGE_API_BODY_SILENCE_S" in answer


async def test_a_body_that_only_trickles_is_refused_too(live: Live) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", live.http.base_url.port)
    writer.write(head(10_000))
    answer = asyncio.ensure_future(reader.readuntil(b"\r\n"))
    sent = 0
    async with asyncio.timeout(10):
        while not answer.done():
            # Each pause is shorter than the silence that is allowed.
            writer.write(b" ")
            sent += 1
            await asyncio.wait({answer}, timeout=0.02)
    assert answer.result().startswith(b"HTTP/1.1 408 ")
    assert sent > 5
    writer.close()


async def test_an_upload_that_stands_still_leaves_nothing(live: Live, database_url: str) -> None:
    path = "/api/v1/files?name=a.txt"
    answer = await said_to(live, head(1_000, path, "text/plain"), b"half of it")
    assert answer.startswith(b"HTTP/1.1 408 ")
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM files").fetchone() == (0,)


async def test_a_length_that_promises_too_much_is_refused_before_it_is_sent(live: Live) -> None:
    answer = await said_to(live, head(10_000_000_000))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"HAULAGE_API_MAX_BODY_BYTES" in answer


async def test_a_body_without_a_length_is_cut_at_the_limit(live: Live) -> None:
    start = (
        b"POST /api/v1/jobs HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    piece = b"%x\r\n" % 8_000 + b" " * 8_000 + b"\r\n"
    answer = await said_to(live, start, piece, piece, piece)
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_body_shorter_than_it_said_stores_nothing(live: Live) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", live.http.base_url.port)
    writer.write(head(len(GOOD) + 5) + GOOD)
    writer.close()
    listed = await live.http.get("/api/v1/jobs")
    assert listed.json()["data"] == []


async def test_what_follows_a_body_longer_than_it_said_is_taken_for_no_request(live: Live) -> None:
    answer = await said_to(live, head(len(GOOD)), GOOD + b'{"and": "more"}\r\n\r\n')
    assert answer.count(b"HTTP/1.1 400 ") == 1
    assert b"connection: close" in answer


@pytest.mark.parametrize(
    ("path", "kind", "size", "setting"),
    [
        ("/api/v1/jobs", "application/json", 20_001, "HAULAGE_API_MAX_BODY_BYTES"),
        ("/api/v1/jobs/batch", "application/json", 20_001, "HAULAGE_API_MAX_BODY_BYTES"),
        ("/api/v1/queues/io/pause", "application/json", 20_001, "HAULAGE_API_MAX_BODY_BYTES"),
        ("/api/v1/schedules", "application/json", 20_001, "HAULAGE_API_MAX_BODY_BYTES"),
        ("/api/v1/files", "text/plain", 200_001, "HAULAGE_API_MAX_FILE_BYTES"),
    ],
)
async def test_a_body_past_its_limit_is_told_the_limit_and_the_setting(
    http: httpx.AsyncClient, path: str, kind: str, size: int, setting: str
) -> None:
    answer = await http.post(path, content=b" " * size, headers={"Content-Type": kind})
    detail = assert_problem(answer, 413, "payload_too_large")["detail"]
    assert setting in detail
    assert str(size - 1) in detail


async def test_a_route_that_takes_no_body_does_not_read_one(
    http: httpx.AsyncClient, submit: Submit, api: Api
) -> None:
    job_id = (await submit())["id"]
    answer = await http.post(f"/api/v1/jobs/{job_id}/cancel", content=b" " * 1_000_000)
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("method", "path", "body", "pointer"),
    [
        ("POST", "/api/v1/bulk", {"action": "cancel", "filter": {name: wrong}}, f"/filter/{name}")
        for name in ("state", "type", "queue", "tag")
        for wrong in (7, {"a": 1})
    ]
    + [
        ("POST", "/api/v1/bulk/preview", {"action": "cancel", "filter": {name: ["a", 7]}}, place)
        for name in ("type", "queue", "tag")
        for place in (f"/filter/{name}/1",)
    ]
    + [
        ("PUT", "/api/v1/limits/x", {"requests_per_minute": -1}, "/requests_per_minute"),
        ("PUT", "/api/v1/limits/x", {"tokens_per_day": {"amount": 0}}, "/tokens_per_day/amount"),
        ("PUT", "/api/v1/limits/x", {"tokens_per_day": {}}, "/tokens_per_day/amount"),
        (
            "PUT",
            "/api/v1/limits/x",
            {"tenants": {"a/b": {"requests_per_day": "x"}}},
            "/tenants/a~1b/requests_per_day",
        ),
    ],
)
async def test_what_may_be_said_in_two_ways_is_refused_where_it_stands_in_the_body(
    http: httpx.AsyncClient, method: str, path: str, body: dict[str, object], pointer: str
) -> None:
    answer = await http.request(method, path, json=body)
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["pointer"] == pointer
    assert fault["message"]


async def test_an_input_that_does_not_fit_names_its_type(http: httpx.AsyncClient) -> None:
    body = {"type": "speak", "input": {"txt": "a"}}
    document = assert_problem(await http.post("/api/v1/jobs", json=body), 422, "invalid_input")
    assert document["job_type"] == "speak"
    assert document["errors"][0] == {
        "pointer": "/input/text",
        "message": "Field required. Is it 'txt'?",
    }
