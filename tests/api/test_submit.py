from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import httpx
import psycopg
import pytest

from tests.api.conftest import Api, assert_problem

ISSUE_MEMBERS = [
    "id", "type", "state", "reason", "queue", "priority", "tags", "attempt", "max_attempts",
    "progress", "created_at", "scheduled_at", "started_at", "finished_at", "duration_s", "usage",
    "cancelled_by", "cancelled_at", "result", "error",
]  # fmt: skip


async def test_a_submit_answers_202_with_location_and_the_job(http: httpx.AsyncClient) -> None:
    answer = await http.post("/api/v1/jobs", json={"type": "speak", "input": {"text": "hi"}})
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/api/v1/jobs/{job['id']}"
    assert UUID(job["id"]).version == 7
    assert set(ISSUE_MEMBERS) <= job.keys()
    assert job["state"] == "queued"
    assert job["queue"] == "io"
    assert job["priority"] == "normal"
    assert job["max_attempts"] == 4
    assert job["progress"] == {"percent": None, "step": None, "done": 0, "failed": 0, "total": None}


async def test_the_answer_is_the_job_that_a_read_shows(http: httpx.AsyncClient) -> None:
    body = {
        "type": "speak",
        "input": {"text": "hi"},
        "queue": "slow",
        "priority": "high",
        "run_at": "2030-01-01T13:00:00.25+01:00",
        "deadline": "2030-02-01T00:00:00Z",
        "tags": ["a", "b c", "é"],
        "max_attempts": 7,
        "timeout_s": 12.5,
    }
    answer = await http.post("/api/v1/jobs", json=body)
    read = await http.get(answer.headers["location"])
    assert answer.json() == read.json()
    assert answer.json()["scheduled_at"] == "2030-01-01T12:00:00.250000Z"
    assert answer.json()["state"] == "scheduled"
    assert answer.json()["reason"] == "run_at"


async def test_an_accepted_job_is_in_the_table_with_its_request(
    http: httpx.AsyncClient, database_url: str
) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = {"X-Request-ID": "from-the-shop", "traceparent": trace}
    answer = await http.post(
        "/api/v1/jobs", json={"type": "speak", "input": {"text": "hi"}}, headers=headers
    )
    assert answer.json()["request_id"] == "from-the-shop"
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT input::text, request_id, traceparent FROM jobs").fetchone()
    assert row == ('{"text":"hi","times":1}', "from-the-shop", trace)


async def test_nonsense_in_traceparent_is_dropped(
    http: httpx.AsyncClient, database_url: str
) -> None:
    body = {"type": "speak", "input": {"text": "hi"}}
    await http.post("/api/v1/jobs", json=body, headers={"traceparent": "00-zz"})
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT traceparent FROM jobs").fetchone() == (None,)


async def test_an_unknown_type_is_404_with_the_nearest_names(http: httpx.AsyncClient) -> None:
    answer = await http.post("/api/v1/jobs", json={"type": "speek", "input": {"text": "hi"}})
    document = assert_problem(answer, 404, "unknown_job_type")
    assert document["nearest"] == ["speak"]
    assert "speak" in document["detail"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"type": "speak", "input": {"text": 7}}, "/input/text"),
        ({"type": "speak", "input": {}}, "/input/text"),
        ({"type": "speak", "input": {"text": "a", "a/b~c": 1}}, "/input/a~1b~0c"),
        ({"type": "speak", "input": [1]}, "/input"),
        ({"type": "speak", "input": None}, "/input"),
        ({"type": "speak"}, "/input"),
        ({"input": {}}, "/type"),
        ({"type": 5, "input": {}}, "/type"),
        ({"type": "", "input": {}}, "/type"),
        ({"type": "speak", "input": {"text": "a"}, "priorty": "high"}, "/priorty"),
        ({"type": "speak", "input": {"text": "a"}, "priority": "urgent"}, "/priority"),
        ({"type": "speak", "input": {"text": "a"}, "priority": 0}, "/priority"),
        ({"type": "speak", "input": {"text": "a"}, "run_at": "2030-01-02T10:00:00"}, "/run_at"),
        ({"type": "speak", "input": {"text": "a"}, "run_at": "tomorrow"}, "/run_at"),
        ({"type": "speak", "input": {"text": "a"}, "run_at": 1893456000}, "/run_at"),
        ({"type": "speak", "input": {"text": "a"}, "run_at": "2032-01-01T10:00:00Z"}, "/run_at"),
        ({"type": "speak", "input": {"text": "a"}, "deadline": "2029-01-01T10:00Z"}, "/deadline"),
        ({"type": "speak", "input": {"text": "a"}, "deadline": "9999-12-31T23:59:59-14:00"},
         "/deadline"),
        ({"type": "speak", "input": {"text": "a"}, "max_attempts": 0}, "/max_attempts"),
        ({"type": "speak", "input": {"text": "a"}, "max_attempts": 101}, "/max_attempts"),
        ({"type": "speak", "input": {"text": "a"}, "max_attempts": "3"}, "/max_attempts"),
        ({"type": "speak", "input": {"text": "a"}, "max_attempts": True}, "/max_attempts"),
        ({"type": "speak", "input": {"text": "a"}, "timeout_s": 0}, "/timeout_s"),
        ({"type": "speak", "input": {"text": "a"}, "timeout_s": 86401}, "/timeout_s"),
        ({"type": "speak", "input": {"text": "a"}, "tags": ["t"] * 33}, "/tags"),
        ({"type": "speak", "input": {"text": "a"}, "tags": ["ok", ""]}, "/tags/1"),
        ({"type": "speak", "input": {"text": "a"}, "tags": ["t" * 201]}, "/tags/0"),
        ({"type": "speak", "input": {"text": "a"}, "tags": ["nul\x00"]}, "/tags/0"),
        ({"type": "speak", "input": {"text": "a"}, "tags": "urgent"}, "/tags"),
        ([], ""),
        ("speak", ""),
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_422_with_a_pointer(
    http: httpx.AsyncClient, database_url: str, body: object, pointer: str
) -> None:
    document = assert_problem(await http.post("/api/v1/jobs", json=body), 422, "invalid_input")
    assert [error["pointer"] for error in document["errors"]] == [pointer]
    assert document["errors"][0]["message"]
    assert count_jobs(database_url) == 0


async def test_an_unknown_field_is_named_with_the_nearest_one(http: httpx.AsyncClient) -> None:
    body = {"type": "speak", "input": {"text": "a"}, "prioritty": "high"}
    document = assert_problem(await http.post("/api/v1/jobs", json=body), 422, "invalid_input")
    assert document["errors"][0]["message"] == "unknown field. Did you mean 'priority'?"


@pytest.mark.parametrize("queue", ["nowhere", "cpu", "nul\x00"])
async def test_a_queue_that_does_not_serve_the_type_is_422(
    http: httpx.AsyncClient, queue: str
) -> None:
    body = {"type": "speak", "input": {"text": "a"}, "queue": queue}
    document = assert_problem(await http.post("/api/v1/jobs", json=body), 422, "unknown_queue")
    assert document["errors"][0]["pointer"] == "/queue"
    assert "io, slow" in document["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nope", b"\xff\xfe", b'{"type":"speak","input":NaN}',
        b'{"type":"speak","input":{"text":"\\ud800"}}', b'{"type":"\xed\xa0\x80"}',
        b"[" * 2000, b'{"type":"speak"} x',
    ],
)  # fmt: skip
async def test_malformed_json_is_400(
    http: httpx.AsyncClient, database_url: str, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await http.post("/api/v1/jobs", content=body, headers=headers)
    assert_problem(answer, 400, "malformed_json")
    assert count_jobs(database_url) == 0


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
             "application/json; charset=latin-1", "application/jsonp"]
)  # fmt: skip
async def test_another_content_type_is_415(http: httpx.AsyncClient, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    body = b'{"type":"speak","input":{"text":"a"}}'
    answer = await http.post("/api/v1/jobs", content=body, headers=headers)
    assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["application/json; charset=UTF-8", "application/vnd.x+json"])
async def test_any_name_of_json_will_do(http: httpx.AsyncClient, kind: str) -> None:
    body = b'{"type":"speak","input":{"text":"a"}}'
    answer = await http.post("/api/v1/jobs", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 202


async def test_a_compressed_body_is_415(http: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await http.post("/api/v1/jobs", content=b"\x1f\x8b", headers=headers)
    assert_problem(answer, 415, "unsupported_media_type")


async def test_a_body_that_says_it_is_too_large_is_413(http: httpx.AsyncClient) -> None:
    body = {"type": "speak", "input": {"text": "a" * 20_000}}
    assert_problem(await http.post("/api/v1/jobs", json=body), 413, "payload_too_large")


async def test_a_body_that_turns_out_too_large_is_413(http: httpx.AsyncClient) -> None:
    async def endless():
        while True:
            yield b" " * 4096

    headers = {"Content-Type": "application/json"}
    answer = await http.post("/api/v1/jobs", content=endless(), headers=headers)
    assert_problem(answer, 413, "payload_too_large")


async def test_nul_in_the_input_is_kept(http: httpx.AsyncClient) -> None:
    answer = await http.post("/api/v1/jobs", json={"type": "keep", "input": {"value": "a\x00b"}})
    read = await http.get(answer.headers["location"], params={"include": "input"})
    assert read.json()["input"] == {"value": "a\x00b"}


async def test_a_number_beyond_floats_stores_nothing_that_is_no_json(
    http: httpx.AsyncClient,
) -> None:
    headers = {"Content-Type": "application/json"}
    body = b'{"type":"keep","input":{"value":1e999}}'
    answer = await http.post("/api/v1/jobs", content=body, headers=headers)
    assert answer.status_code in (202, 422)


async def test_without_postgresql_a_submit_is_503_and_says_when_to_come_back(
    api: Api, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    name = database_url.rpartition("/")[2]
    await api.services.database.close()
    monkeypatch.setattr(api.services.inserts, "_patience_s", 0.0)
    with refusing_connections(database_url, name):
        body = {"type": "speak", "input": {"text": "a"}}
        answer = await http.post("/api/v1/jobs", json=body)
    document = assert_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "2"
    assert "://" not in document["detail"]


async def test_a_batch_is_answered_in_its_order(http: httpx.AsyncClient) -> None:
    jobs = [{"type": "speak", "input": {"text": str(n)}, "tags": [f"n{n}"]} for n in range(5)]
    answer = await http.post("/api/v1/jobs/batch", json={"jobs": jobs})
    assert answer.status_code == 202
    assert [job["tags"] for job in answer.json()["jobs"]] == [[f"n{n}"] for n in range(5)]
    read = await http.get(f"/api/v1/jobs/{answer.json()['jobs'][3]['id']}")
    assert read.json() == answer.json()["jobs"][3]


async def test_one_bad_job_refuses_the_whole_batch(
    http: httpx.AsyncClient, database_url: str
) -> None:
    good = {"type": "speak", "input": {"text": "a"}}
    jobs = [good, {**good, "run_at": "2040-01-01T00:00:00Z"}, {**good, "queue": "cpu"},
            {"type": "speak", "input": {"text": 1}}]  # fmt: skip
    answer = await http.post("/api/v1/jobs/batch", json={"jobs": jobs})
    document = assert_problem(answer, 422, "invalid_input")
    assert [error["pointer"] for error in document["errors"]] == [
        "/jobs/1/run_at", "/jobs/2/queue", "/jobs/3/input/text",
    ]  # fmt: skip
    assert count_jobs(database_url) == 0


async def test_an_unknown_type_in_a_batch_is_pointed_at(
    http: httpx.AsyncClient, database_url: str
) -> None:
    jobs = [{"type": "speak", "input": {"text": "a"}}, {"type": "speakk", "input": {}}]
    answer = await http.post("/api/v1/jobs/batch", json={"jobs": jobs})
    document = assert_problem(answer, 404, "unknown_job_type")
    assert document["errors"][0]["pointer"] == "/jobs/1/type"
    assert document["nearest"] == ["speak"]
    assert count_jobs(database_url) == 0


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"jobs": []}, "/jobs"),
        ({"jobs": [{"type": "speak", "input": {"text": "a"}}] * 6}, "/jobs"),
        ({}, "/jobs"),
        ({"jobs": [{"type": "speak", "input": {"text": "a"}, "prio": 1}]}, "/jobs/0/prio"),
        ({"jobs": [7]}, "/jobs/0"),
    ],
)
async def test_a_batch_that_does_not_fit_is_422(
    http: httpx.AsyncClient, body: object, pointer: str
) -> None:
    answer = await http.post("/api/v1/jobs/batch", json=body)
    document = assert_problem(answer, 422, "invalid_input")
    assert [error["pointer"] for error in document["errors"]] == [pointer]


def count_jobs(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        (number,) = connection.execute("SELECT count(*) FROM jobs").fetchone()
    return number


@contextmanager
def refusing_connections(database_url: str, name: str) -> Iterator[None]:
    """PostgreSQL lets nobody into the database called `name`."""
    server = database_url.rpartition("/")[0] + "/postgres"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        try:
            yield
        finally:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
