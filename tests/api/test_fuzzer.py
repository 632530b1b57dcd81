"""Odd headers and odd cursors on every documented route: refused by name, or taken, never a 500.

Schemathesis asks what the document says; this asks what it does not: header values that no client
of sound mind sends, and cursors that are cut, bent, foreign or another tenant's.
"""

import base64
import re
from collections.abc import AsyncIterator, Set
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from haulage.api import cursors
from haulage.domain.ids import uuid7
from haulage.domain.outcome import ErrorInfo, Failed
from haulage.engine.services import Services
from haulage.settings import Settings
from haulage.storage import tables
from haulage.storage.audit_store import AuditStore, Entry
from haulage.storage.database import Database
from haulage.storage.job_filter import JobFilter
from haulage.storage.lanes import Position
from haulage.storage.step_store import FinishedStep
from tests.api.conftest import Submit, Worker, assert_problem, running_api
from tests.factories import queued

Client = httpx.AsyncClient
NAMED = re.compile(r"{[a-z_]+}")
NAMING = {400, 415, 422}
# What does not fit is no field: the body as a whole, or the two bodies of one key.
UNNAMED = {"malformed_json", "malformed_form", "idempotency_mismatch"}
often = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# What a header may hold on the wire: no line breaks and no NUL, anything else.
wild = st.binary(max_size=60).map(lambda raw: raw.translate(None, b"\r\n\0"))
long = st.sampled_from([b"9" * 5_000, b"a" * 8_000, b"," * 3_000, b"\xff" * 300])
ODD: dict[str, list[bytes]] = {
    "idempotency-key": [b"", b" ", b"a b", b"\xc3\xa9", b"k" * 255, b"k" * 256, b'"k"'],
    "prefer": [b"wait", b"wait=", b"wait=-1", b"wait=1e9", b"wait=999999999", b"wait=9, wait=x"],
    "if-none-match": [b"*", b"W/", b'"', b'W/"x", *, ""', b"\xff"],
    "last-event-id": [b"-1", b"+1", b"1.0", b"0x1", b"9" * 18, b"9" * 19, b"1 ", b"\xb2"],
    "accept": [b"text/event-stream", b"image/png;q=0", b"*/*;q=nan", b";;", b"application/json, "],
    "accept-encoding": [b"gzip;q=x", b"gzip;q=0", b"br", b"*;q=0.0000", b"gzip,,gzip", b"identity"],
    "content-type": [b"text/plain", b"application/json; charset=utf-16", b"application/x+json",
                     b"/", b"multipart/form-data", b"application/json;charset=", b"\xff/\xff"],
    "content-encoding": [b"gzip", b"identity, gzip", b"\xff", b""],
    "content-length": [b"-1", b"0", b"1e3", b"999999999999", b"9" * 5_000, b"\xb2", b"20001"],
    "x-request-id": [b"a b", b"\xff", b"r" * 129, b"", b"<script>"],
    "x-forwarded-for": [b"127.0.0.1", b"::1, \xff"],
    "x-http-method-override": [b"DELETE"],
    "traceparent": [b"00-" + b"0" * 32, b"ff", b"\xff"],
    "range": [b"bytes=0-", b"bytes=9-1", b"bytes=-0", b"lines=1-2", b"bytes=0-0,1-1"],
}  # fmt: skip
# Read by routes that take a body, by the others, and by the layers around all of them.
OF_BODIES = {"content-type", "content-encoding", "content-length", "idempotency-key", "traceparent"}
OF_ANSWERS = {"if-none-match", "last-event-id", "accept", "accept-encoding", "range"}
OF_ALL = ODD.keys() - OF_BODIES - OF_ANSWERS


def odd_headers(names: Set[str]) -> st.SearchStrategy[list[tuple[str, bytes]]]:
    return st.lists(
        st.sampled_from(sorted(names)).flatmap(
            lambda name: st.tuples(st.just(name), st.one_of(st.sampled_from(ODD[name]), wild, long))
        ),
        min_size=1,
        max_size=4,
    )


of_bodies, of_answers = odd_headers(OF_BODIES | OF_ALL), odd_headers(OF_ANSWERS | OF_ALL)


@pytest.fixture
async def http(settings: Settings, services: Services) -> AsyncIterator[Client]:
    # No worker runs, so whoever waits for a job's end waits in vain.
    hasty = settings.model_copy(update={"api": settings.api.model_copy(update={"max_wait_s": 0})})
    async with running_api(hasty, services) as api:
        transport = httpx.ASGITransport(api.app)
        async with Client(transport=transport, base_url="http://haulage.test") as client:
            yield client


@given(data=st.data())
@often
async def test_odd_headers_are_taken_or_refused_by_name(
    http: Client, services: Services, worker: Worker, submit: Submit, data: st.DataObject
) -> None:
    job_id = (await submit())["id"]
    await worker.succeed(job_id)
    for method, path, operation in await operations(http):
        headers = data.draw(of_bodies if "requestBody" in operation else of_answers)
        url = path.replace("{job_id}", job_id).replace("{name}", "io")
        url = NAMED.sub(str(uuid7()), url)
        before = await stored(services.database)
        answer = await http.send(request(http, method, url, operation, headers))
        told = f"{method} {url} {[(name, value[:40]) for name, value in headers]}"
        if path == "/ready":
            continue
        assert answer.status_code < 500, f"{told}\n{answer.text}"
        if answer.status_code >= 400:
            refused_by_name(answer, told)
            assert await stored(services.database) == before, told


@given(data=st.data())
@often
async def test_odd_cursors_are_refused_by_name(
    http: Client, services: Services, worker: Worker, submit: Submit, data: st.DataObject
) -> None:
    job_id = await everything(http, services, worker, submit)
    said = ("acme", "web", None, "k", "::1", "POST /x", "/x", "r")
    entries = [Entry(uuid7(), services.clock.now(), *said) for _ in range(2)]
    await AuditStore(services.database).append(entries)
    for _ in range(2):
        await services.credits.grant("default", 1, by="ann")
    webhook_id = (await http.get("/api/v1/webhooks")).json()["data"][0]["id"]
    lists = [
        path.replace("{job_id}", job_id).replace("{webhook_id}", webhook_id)
        for _, path, operation in await operations(http)
        if any(one["name"] == "cursor" for one in operation.get("parameters", ()))
    ]
    genuine = {url: (await http.get(url, params={"limit": 1})).json()["next"] for url in lists}
    assert None not in genuine.values(), genuine
    for url, own in genuine.items():
        foreign = [one for one in genuine.values() if one != own]
        cursor = data.draw(odd_cursors(own, [*foreign, of_another_tenant(job_id)]))
        before = await stored(services.database)
        answer = await http.get(f"{url}?limit=1&cursor={quote(cursor, safe='')}")
        told = f"{url} {cursor!r}"
        assert answer.status_code in (200, 400), f"{told}\n{answer.text}"
        if answer.status_code == 400:
            assert refused_by_name(answer, told) == {"cursor"}, told
        else:
            # Bent, but a place in this very list all the same.
            assert cursor == "" or seal(cursor) == seal(own), told
        assert await stored(services.database) == before, told


async def operations(http: Client) -> list[tuple[str, str, dict[str, Any]]]:
    """Every documented operation, in the document's order."""
    document = (await http.get("/openapi.json")).json()
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def request(
    http: Client, method: str, url: str, operation: dict[str, Any], headers: list[Any]
) -> httpx.Request:
    """With a body where one is documented, and whatever headers; the odd ones win."""
    body = b'{"type": "speak", "input": {"text": "hello"}}' if "requestBody" in operation else b""
    names = {name for name, _ in headers}
    usual = [(b"content-type", b"application/json")] if body else []
    sent = [(name, value) for name, value in usual if name.decode() not in names]
    made = http.build_request(method, url, content=body)
    odd = [(name.encode(), value) for name, value in headers]
    return httpx.Request(method, made.url, headers=[*sent, *odd], content=body)


def refused_by_name(answer: httpx.Response, told: str) -> set[str]:
    """Check that a refusal is a problem document that says what does not fit; the names in it."""
    problem = answer.json()
    assert_problem(answer, answer.status_code, problem["code"])
    errors = problem.get("errors", [])
    if answer.status_code in NAMING and problem["code"] not in UNNAMED:
        assert errors, f"{told}\n{answer.text}"
    for error in errors:
        (name,) = error.keys() - {"message"}
        assert error["message"], told
        assert name in {"pointer", "parameter", "header"}, told
    return {error.get("parameter") or error.get("header") or error["pointer"] for error in errors}


async def stored(database: Database) -> tuple[Any, ...]:
    """How many rows each table has."""
    counts = [
        sa.select(sa.func.count()).select_from(table).scalar_subquery()
        for table in tables.metadata.sorted_tables
    ]
    async with database.reading() as connection:
        return tuple((await connection.execute(sa.select(*counts))).one())


async def everything(http: Client, services: Services, worker: Worker, submit: Submit) -> str:
    """More than a page of one in every list there is; the job that has the most."""
    hook = {"name": f"hook-{uuid7()}", "url": "https://example.org/", "events": ["job.failed"]}
    made = await http.post("/api/v1/webhooks", json=hook)
    assert made.status_code == 201
    parent = (await submit())["id"]
    lease = await worker.claim(parent)
    for name in ("first", "second"):
        await queued(services, parent_id=lease.job_id)
        await worker.log(lease, name)
        kept = await services.blobs.keep("1")
        step = FinishedStep(lease, f"{name}:1", name, "1", 0.25, kept.ref)
        assert await services.steps.save([step]) == [True]
        error = ErrorInfo(name, "No.", retryable=False)
        await worker.settle(await worker.claim((await submit())["id"]), Failed(error))
        body = {"action": "cancel", "filter": {"tag": name}}
        assert (await http.post("/api/v1/bulk", json=body)).status_code == 202
    return parent


@st.composite
def odd_cursors(draw: st.DrawFn, own: str, foreign: list[str]) -> str:
    """Cut, bent, foreign, huge, or no cursor at all."""
    match draw(st.sampled_from(["cut", "bent", "foreign", "foreign", "huge", "none"])):
        case "cut":
            return own[: draw(st.integers(0, len(own) - 1))]
        case "bent":
            place = draw(st.integers(0, len(own) - 1))
            return own[:place] + draw(st.sampled_from("A_z0-=+/é\x00 ")) + own[place + 1 :]
        case "foreign":
            return draw(st.sampled_from(foreign))
        case "huge":
            return own * draw(st.sampled_from([2, 20, 400]))
        case _:
            return draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))


def of_another_tenant(job_id: str) -> str:
    place = Position(datetime(2030, 1, 1, tzinfo=UTC), UUID(job_id))
    return cursors.encode(place, JobFilter(), tenant="another")


def seal(cursor: str) -> Any:
    """What a cursor says of its list: its kind and its digest, or that it is a number."""
    if cursor.isdecimal():
        return "number"
    packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    return packed[:1], packed[-8:]
