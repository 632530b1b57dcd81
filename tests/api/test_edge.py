import base64
import hashlib
import json
import re

import httpx
import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter

from haulage import __version__
from haulage.api import models
from haulage.api.server import require_loopback
from haulage.domain.errors import HaulageError, QueueFull, Unavailable
from haulage.engine.dispatcher import LEADERSHIP
from haulage.storage.leader import Leader
from tests.api.conftest import Api, Submit, Worker, assert_problem


async def test_a_request_id_is_given_back(http: httpx.AsyncClient) -> None:
    answer = await http.get("/health", headers={"X-Request-ID": "abc-123_x"})
    assert answer.headers["x-request-id"] == "abc-123_x"


@pytest.mark.parametrize("said", [None, "", "a b", "x" * 129, "caf\xe9", "tab\there"])
async def test_a_request_id_that_is_none_is_replaced(
    http: httpx.AsyncClient, said: str | None
) -> None:
    headers = {} if said is None else {"X-Request-ID": said.encode("latin-1")}
    answer = await http.get("/health", headers=headers)
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


@pytest.mark.parametrize(
    "path", ["/nothing", "/api/v1/nothing", "/api/v1/jobs/", "/api/v2/jobs", "/%00", "/%ff"]
)
async def test_a_path_that_is_not_there_is_404(http: httpx.AsyncClient, path: str) -> None:
    document = assert_problem(await http.get(path), 404, "not_found")
    assert document["detail"].startswith("There is nothing at GET /")


@pytest.mark.parametrize("path", ["/jobs", "/v1/jobs", "/api/v1/job", "/api/v1/jobs/"])
async def test_a_path_that_was_mistyped_is_answered_with_the_one_meant(
    http: httpx.AsyncClient, path: str
) -> None:
    document = assert_problem(await http.get(path), 404, "not_found")
    assert "Did you mean '/api/v1/jobs'?" in document["detail"]


async def test_a_path_like_no_other_is_not_guessed_at(http: httpx.AsyncClient) -> None:
    document = assert_problem(await http.get("/wp-admin.php"), 404, "not_found")
    assert "Did you mean" not in document["detail"]


async def test_a_method_that_is_not_there_is_405_with_allow(http: httpx.AsyncClient) -> None:
    answer = await http.put("/api/v1/jobs", json={})
    document = assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"
    assert document["detail"] == "PUT /api/v1/jobs is not possible; what is: GET, POST."


@pytest.fixture
def broken_app(api: Api) -> FastAPI:
    """The application with routes that fail."""

    @api.app.get("/bug")
    async def bug() -> None:
        raise RuntimeError("secret postgresql://u:p@h/db")

    @api.app.get("/away")
    async def away() -> None:
        raise Unavailable("PostgreSQL does not answer.", hint="postgresql://u:p@h/db")

    @api.app.get("/full")
    async def full() -> None:
        raise QueueFull("Queue io is full.", retry_after_s=2.3)

    return api.app


async def test_a_fault_of_ours_is_500_and_says_only_its_request(
    broken_app: FastAPI, http: httpx.AsyncClient
) -> None:
    answer = await http.get("/bug", headers={"X-Request-ID": "find-me"})
    document = assert_problem(answer, 500, "internal_error")
    assert "find-me" in document["detail"]
    assert "secret" not in answer.text


async def test_what_is_away_is_503_without_its_address(
    broken_app: FastAPI, http: httpx.AsyncClient
) -> None:
    answer = await http.get("/away")
    assert_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "2"
    assert "postgresql://" not in answer.text


async def test_a_full_queue_is_429_with_retry_after_in_whole_seconds(
    broken_app: FastAPI, http: httpx.AsyncClient
) -> None:
    answer = await http.get("/full")
    assert_problem(answer, 429, "queue_full")
    assert answer.headers["retry-after"] == "3"


@pytest.mark.parametrize("path", ["/health", "/nothing", "/docs", "/api/v1/types", "/openapi.json"])
async def test_every_answer_keeps_other_origins_out(http: httpx.AsyncClient, path: str) -> None:
    headers = (await http.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    [policy] = headers.get_list("content-security-policy")
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy


async def test_an_answer_that_is_no_page_lets_nothing_run(http: httpx.AsyncClient) -> None:
    for path in ("/api/v1/types", "/nothing", "/api/v1/jobs/x"):
        policy = (await http.get(path)).headers["content-security-policy"]
        assert policy == "default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/oauth2-redirect"])
async def test_a_page_of_documentation_runs_its_own_scripts_alone(
    http: httpx.AsyncClient, path: str
) -> None:
    answer = await http.get(path)
    [scripts] = re.findall(r"script-src ([^;]*)", answer.headers["content-security-policy"])
    written = re.findall(r"<script(?![^>]*src=)[^>]*>(.*?)</script>", answer.text, re.DOTALL)
    digests = [
        f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'"
        for one in written
    ]
    assert scripts.split() == ["'self'", *digests]
    for source in re.findall(r'(?:src|href)="([^"]*)"', answer.text):
        assert (await http.get(source)).status_code == 200


async def test_metrics_count_by_route_not_by_path(http: httpx.AsyncClient, submit: Submit) -> None:
    job = await submit()
    await http.get(f"/api/v1/jobs/{job['id']}")
    answer = await http.get("/metrics")
    assert answer.status_code == 200
    assert 'route="/api/v1/jobs/{job_id}",status="200"' in answer.text
    assert job["id"] not in answer.text


async def test_health_asks_nobody(http: httpx.AsyncClient, api: Api) -> None:
    await api.services.database.close()
    answer = await http.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "service": "haulage", "version": __version__}


@pytest.fixture
async def crew(api: Api, worker: Worker):
    """A dispatcher that leads and a worker for each pool."""
    from haulage.domain.ids import uuid7
    from haulage.storage.worker_store import WorkerInfo

    await api.services.workers.register(
        WorkerInfo(uuid7(), "cpu-1", "here", 2, "cpu", ["cpu"], 2, "0")
    )
    leader = Leader(api.services.database, LEADERSHIP)
    assert await leader.acquire()
    yield leader
    await leader.release()


async def test_ready_when_every_part_is(http: httpx.AsyncClient, crew: Leader) -> None:
    answer = await http.get("/ready")
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "ready"
    assert set(answer.json()["parts"]) == {
        "postgres", "redis", "dispatcher", "worker-io", "worker-cpu",
    }  # fmt: skip


async def test_not_ready_without_a_leading_dispatcher(
    http: httpx.AsyncClient, crew: Leader
) -> None:
    await crew.release()
    answer = await http.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["failing"] == ["dispatcher"]


async def test_not_ready_while_a_pool_has_no_live_worker(
    http: httpx.AsyncClient, crew: Leader, clock, worker: Worker, api: Api
) -> None:
    clock.advance(seconds=60)
    await api.services.workers.beat(worker.id, in_flight=0, rss_bytes=None)
    answer = await http.get("/ready")
    assert answer.json()["failing"] == ["worker-cpu"]
    assert "haulage worker --pool cpu" in answer.json()["parts"]["worker-cpu"]["detail"]


async def test_not_ready_without_redis(http: httpx.AsyncClient, crew: Leader, api: Api) -> None:
    api.redis_up[0] = False
    assert (await http.get("/ready")).json()["failing"] == ["redis"]


async def test_types_show_their_schemas_and_policy(http: httpx.AsyncClient) -> None:
    page = (await http.get("/api/v1/types")).json()
    assert [one["name"] for one in page["data"]] == ["keep", "speak"]
    one = (await http.get("/api/v1/types/speak")).json()
    assert one == page["data"][1]
    assert one["description"] == "Say a text.\n\nAs often as asked."
    assert (one["pool"], one["queue"], one["example"]) == ("io", "io", {"text": "hello"})
    assert one["policy"]["max_attempts"] == 4
    assert one["input_schema"]["required"] == ["text"]
    assert one["result_schema"]["properties"].keys() == {"said"}


async def test_an_unknown_type_is_404_with_the_nearest(http: httpx.AsyncClient) -> None:
    document = assert_problem(await http.get("/api/v1/types/speek"), 404, "unknown_job_type")
    assert document["nearest"] == ["speak"]


async def test_openapi_knows_bodies_examples_and_problems(http: httpx.AsyncClient) -> None:
    document = (await http.get("/openapi.json")).json()
    submit = document["paths"]["/api/v1/jobs"]["post"]
    content = submit["requestBody"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/Submit"}
    assert content["examples"]["speak"]["value"] == {"type": "speak", "input": {"text": "hello"}}
    assert "application/problem+json" in submit["responses"]["422"]["content"]
    text = json.dumps(document)
    assert "HTTPValidationError" not in text
    names = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= document["components"]["schemas"].keys()


async def test_what_is_told_of_paths_is_what_is_documented(api: Api) -> None:
    paths = api.app.openapi()["paths"]
    documented = {path: {name.upper() for name in methods} for path, methods in paths.items()}
    assert api.app.state.operations == documented


async def test_operation_ids_are_unique(http: httpx.AsyncClient) -> None:
    paths = (await http.get("/openapi.json")).json()["paths"]
    found = [one["operationId"] for methods in paths.values() for one in methods.values()]
    assert len(found) == len(set(found))


async def test_the_docs_page_opens(http: httpx.AsyncClient) -> None:
    assert (await http.get("/docs")).status_code == 200


async def test_documents_are_what_their_models_say(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    job = await submit()
    lease = await worker.claim(job["id"])
    await worker.log(lease, "line")
    file = (await http.post("/api/v1/files", files={"file": ("a", b"x")})).json()
    url = f"/api/v1/jobs/{job['id']}"
    shown = {
        models.JobDocument: (await http.get(url)).json(),
        models.JobPage: (await http.get("/api/v1/jobs")).json(),
        models.LogPage: (await http.get(f"{url}/logs")).json(),
        models.FileDocument: file,
        models.TypePage: (await http.get("/api/v1/types")).json(),
        models.Problem: (await http.get("/nothing")).json(),
    }
    for model, document in shown.items():
        TypeAdapter(model).validate_python(document)
        assert document.keys() <= model.model_fields.keys()
    assert shown[models.JobDocument].keys() == models.JobDocument.model_fields.keys() - {"input"}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_loopback_may_be_listened_on(host: str) -> None:
    require_loopback(host, auth=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.com", ""])
def test_other_addresses_need_authentication(host: str) -> None:
    with pytest.raises(HaulageError, match=r"HAULAGE_AUTH_ENABLED.*127\.0\.0\.1"):
        require_loopback(host, auth=False)
    require_loopback(host, auth=True)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/v1/jobs", "GET, POST"),
        ("/api/v1/jobs/7", "DELETE, GET"),
        ("/api/v1/jobs/7/cancel", "POST"),
    ],
)
async def test_a_method_that_is_not_there_is_told_all_that_are(
    http: httpx.AsyncClient, path: str, allowed: str
) -> None:
    answer = await http.put(path)
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == allowed
