"""What every kind of answer carries, and what no header of a caller's can put into one."""

import httpx
import pytest

from tests.api.conftest import Api, Submit, Worker

SPEAK = {"type": "speak", "input": {"text": "hello"}}
KEEPING_OUT = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


async def test_every_kind_of_answer_keeps_other_origins_out(
    api: Api, http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    @api.app.get("/bug")
    async def bug() -> None:
        raise RuntimeError("a fault of ours")

    job = await submit()
    await worker.succeed(job["id"])
    stream = {"accept": "text/event-stream"}
    answers = {
        200: await http.get(f"/api/v1/jobs/{job['id']}/events", headers=stream),
        202: await http.post("/api/v1/jobs", json=SPEAK),
        404: await http.get("/no/such/page"),
        405: await http.put("/api/v1/jobs", json={}),
        422: await http.post("/api/v1/jobs", json={}),
        500: await http.get("/bug"),
    }
    assert answers[200].headers["content-type"].startswith("text/event-stream")
    for status, answer in answers.items():
        assert answer.status_code == status
        for name, value in KEEPING_OUT.items():
            assert answer.headers.get_list(name) == [value], (status, name)
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("name", ["x-request-id", "idempotency-key", "user-agent", "traceparent"])
async def test_no_header_of_a_callers_comes_back_as_another(
    http: httpx.AsyncClient, name: str
) -> None:
    said = b"a\x1b[2J\xc2\x9b"
    answer = await http.post("/api/v1/jobs", json=SPEAK, headers=[(name, said)])
    assert "set-cookie" not in answer.headers
    assert not any("\x1b" in value or "\x9b" in value for value in answer.headers.values())
