"""A strict stand-in for the HTTP API: speaks the contract over real HTTP on loopback.

It exists so that the client can be tested against breaks and refusals that the real API, rightly,
does not make on demand. What the real API does is tested against the real API.
"""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response, UploadFile
from fastapi.responses import JSONResponse, StreamingResponse

from haulage.domain.ids import uuid7
from haulage.domain.lifecycle import TERMINAL
from tests.client.trouble import Refuse, Trouble

SUBMIT_FIELDS = {
    "type", "input", "queue", "priority", "run_at", "tags", "max_attempts", "timeout_s", "deadline",
    "webhook",
}  # fmt: skip
FILTERS = {"state", "type", "queue", "tag", "limit", "cursor"}
TYPES = {
    "echo": {"value": {"type": "string", "description": "what to say"}},
    "crunch": {"seconds": {"type": "number"}},
    "rewrite_novel": {"file": {"type": "string", "format": "uuid"}},
}


@dataclass
class Job:
    """A job and the whole history that its stream will tell."""

    document: dict[str, Any]
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.document["state"] in TERMINAL


@dataclass
class Contract:
    """The server's state, which a test may script and inspect. `url` is set once it listens."""

    url: str = ""
    jobs: dict[str, Job] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    break_streams_after: list[int] = field(default_factory=list)
    end_streams_after: list[int] = field(default_factory=list)
    refuse_next: list[Refuse] = field(default_factory=list)
    drop_answers: int = 0
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    submit_state: str = "succeeded"
    never_waits: bool = False
    stopping: bool = False

    def add(self, type: str = "echo", state: str = "queued", **more: Any) -> str:
        """Put a job there; its history has one event."""
        job_id = str(uuid7())
        document = {
            "id": job_id, "type": type, "state": state, "reason": None, "queue": "io",
            "priority": "normal", "tags": [], "attempt": 0, "max_attempts": 3,
            "progress": {"percent": None, "step": None, "done": 0, "failed": 0, "total": None},
            "created_at": "2026-01-05T10:00:00Z", "scheduled_at": "2026-01-05T10:00:00Z",
            "started_at": None, "finished_at": None, "duration_s": None,
            "usage": {"calls": 0, "input_tokens": 0, "output_tokens": 0, "cost": 0.0},
            "cancelled_by": None, "cancelled_at": None, "result": None, "error": None,
            "field_of_a_later_version": 1,
        }  # fmt: skip
        self.jobs[job_id] = Job(document | more, [("state", {"state": "queued"})])
        return job_id

    def tell(self, job_id: str, event: str, **data: Any) -> None:
        """Add an event to the history; a `state` event moves the job."""
        job = self.jobs[job_id]
        if event == "state":
            job.document["state"] = data["state"]
            job.document["error"] = data.get("error")
        job.events.append((event, data))

    def finish(self, job_id: str, state: str = "succeeded", result: Any = None) -> None:
        """End the job."""
        self.jobs[job_id].document["result"] = result
        self.tell(job_id, "state", state=state)


class Listening:
    """Serves a `Contract` on a free port while the block lasts."""

    def __init__(self) -> None:
        self.contract = Contract()
        config = uvicorn.Config(
            Trouble(build(self.contract), self.contract),
            port=0,
            log_level="critical",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._listens = threading.Event()

    def __enter__(self) -> Contract:
        self._thread.start()
        assert self._listens.wait(20)
        return self.contract

    def __exit__(self, *_: object) -> None:
        self.contract.stopping = True
        self._server.should_exit = True
        self._thread.join(20)

    def _serve(self) -> None:
        async def serve() -> None:
            serving = asyncio.create_task(self._server.serve())
            while not self._server.started and not serving.done():  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            port = self._server.servers[0].sockets[0].getsockname()[1]
            self.contract.url = f"http://127.0.0.1:{port}"
            self._listens.set()
            await serving

        asyncio.run(serve())


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(
        body, status, media_type="application/problem+json", headers={"X-Request-ID": "req-1"}
    )


def build(contract: Contract) -> FastAPI:
    app = FastAPI()

    def refuse(body: dict[str, Any]) -> Response | None:
        if body.get("type") not in TYPES:
            return problem(404, "Unknown job type", f"There is no job type {body.get('type')!r}.")
        wrong = [f"/{name}" for name in body if name not in SUBMIT_FIELDS]
        wrong += [f"/input/{name}" for name in body["input"] if name not in TYPES[body["type"]]]
        if wrong:
            errors = [{"pointer": pointer, "message": "unknown field"} for pointer in wrong]
            return problem(422, "Invalid input", "The input does not fit.", errors=errors)
        return None

    def accept(body: dict[str, Any]) -> dict[str, Any]:
        more = {name: body[name] for name in ("queue", "priority", "tags") if name in body}
        job_id = contract.add(body["type"], input=body["input"], **more)
        if contract.submit_state != "queued":
            contract.tell(job_id, "state", state="running")
            contract.tell(job_id, "progress", percent=50.0, step="half", done=1, failed=0, total=2)
            contract.finish(job_id, contract.submit_state, {"said": body["input"]})
            if contract.submit_state == "failed":
                contract.jobs[job_id].document["error"] = {
                    "code": "page_refused", "message": "The page said no.", "retryable": False
                }  # fmt: skip
        return contract.jobs[job_id].document

    @app.post("/api/v1/jobs")
    async def submit(request: Request) -> Response:
        body = await request.json()
        refusal = refuse(body)
        if refusal:
            return refusal
        key = request.headers["idempotency-key"]
        job = contract.keys[key] = contract.keys.get(key) or accept(body)
        await wait(job["id"], request)
        return JSONResponse(job, 202, headers={"Location": f"/api/v1/jobs/{job['id']}"})

    @app.post("/api/v1/jobs/batch")
    async def submit_many(request: Request) -> Response:
        bodies = (await request.json())["jobs"]
        for body in bodies:
            if refusal := refuse(body):
                return refusal
        return JSONResponse({"jobs": [accept(body) for body in bodies]}, 202)

    @app.get("/api/v1/jobs")
    async def listing(request: Request) -> Response:
        unknown = set(request.query_params) - FILTERS
        if unknown:
            return problem(422, "Unknown filter", ", ".join(unknown))
        wanted = {k: v for k, v in request.query_params.items() if k in ("state", "type", "queue")}
        rows = [job.document for job in reversed(contract.jobs.values())]
        rows = [row for row in rows if all(row[k] == v for k, v in wanted.items())]
        start = int(request.query_params.get("cursor", 0))
        end = start + int(request.query_params.get("limit", 2))
        following = str(end) if end < len(rows) else None
        return JSONResponse({"data": rows[start:end], "next": following})

    async def wait(job_id: str, request: Request) -> None:
        asked_s = 0 if contract.never_waits else int(request.headers.get("prefer", "wait=0")[5:])
        deadline = time.monotonic() + asked_s
        while not contract.jobs[job_id].is_over and time.monotonic() < deadline:
            if contract.stopping:
                return
            await asyncio.sleep(0.01)

    @app.get("/api/v1/jobs/{job_id}")
    async def get(job_id: str, request: Request) -> Response:
        if job_id not in contract.jobs:
            return problem(404, "Not found", f"There is no job {job_id}.", code="not_found")
        await wait(job_id, request)
        return JSONResponse(contract.jobs[job_id].document)

    @app.get("/api/v1/jobs/{job_id}/events")
    async def events(job_id: str, request: Request) -> Response:
        if job_id not in contract.jobs:
            return problem(404, "Not found", f"There is no job {job_id}.")
        after = int(request.headers.get("last-event-id", 0))
        history = tell(contract, contract.jobs[job_id], after)
        return StreamingResponse(history, media_type="text/event-stream")

    @app.get("/api/v1/jobs/{job_id}/logs")
    async def logs(job_id: str) -> Response:
        events = list(enumerate(contract.jobs[job_id].events, start=1))
        lines = [{"seq": seq, "at": None, **data} for seq, (kind, data) in events if kind == "log"]
        return JSONResponse({"data": lines, "next": None})

    @app.get("/api/v1/jobs/{job_id}/result")
    async def result(job_id: str) -> Response:
        return JSONResponse(contract.jobs[job_id].document["result"])

    @app.post("/api/v1/jobs/{job_id}/cancel")
    async def cancel(job_id: str) -> Response:
        if job_id not in contract.jobs:
            return problem(404, "Not found", f"There is no job {job_id}.")
        if not contract.jobs[job_id].is_over:
            contract.finish(job_id, "cancelled")
        return JSONResponse(contract.jobs[job_id].document)

    @app.post("/api/v1/files")
    async def upload(file: UploadFile) -> Response:
        file_id = str(uuid7())
        contract.files[file_id] = await file.read()
        size = len(contract.files[file_id])
        body = {"id": file_id, "sha256": "0" * 64, "size": size, "media_type": file.content_type}
        return JSONResponse(body | {"name": file.filename}, 201)

    @app.get("/api/v1/files/{file_id}/content")
    async def download(file_id: str) -> Response:
        if file_id not in contract.files:
            return problem(404, "Not found", f"There is no file {file_id}.")
        return Response(contract.files[file_id], media_type="application/octet-stream")

    @app.get("/api/v1/types")
    async def types() -> Response:
        rows = [
            {
                "name": name, "description": f"Does {name}.", "pool": "io", "queue": "io",
                "input_schema": {"type": "object", "properties": fields, "required": list(fields)},
                "result_schema": {"type": "object"}, "example": dict.fromkeys(fields, "it's"),
            }
            for name, fields in TYPES.items()
        ]  # fmt: skip
        return JSONResponse({"data": rows, "next": None})

    @app.get("/health")
    async def health() -> Response:
        return JSONResponse({"status": "starting"}, 503)

    @app.get("/ready")
    async def ready() -> Response:
        return JSONResponse({"status": "ready", "parts": {}})

    @app.get("/api/v1/broken-json")
    async def broken_json() -> Response:
        return Response("<html>hello</html>", media_type="text/html")

    return app


async def tell(contract: Contract, job: Job, after: int) -> AsyncIterator[bytes]:
    """The history after number `after`, live; broken or ended early when told to."""
    breaks = contract.break_streams_after.pop(0) if contract.break_streams_after else None
    ends = contract.end_streams_after.pop(0) if contract.end_streams_after else None
    sent = after
    yield b": hello\n\n"
    while True:
        for event, data in job.events[sent:]:
            if sent - after == breaks:
                raise ConnectionResetError("broken on purpose")
            if sent - after == ends:
                return
            sent += 1
            text = json.dumps(data, ensure_ascii=False)
            yield f"id: {sent}\nevent: {event}\ndata: {text}\n\n".encode()
        if job.is_over or contract.stopping:
            return
        await asyncio.sleep(0.01)
