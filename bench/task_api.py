"""Somebody else's API with tasks to pull, as strict as it can be, and its token server.

It lets nobody in without a token that its introspection calls active, takes only the documented
body, and notes each word it got: a task told twice, told otherwise, or never pending is a fault. On
demand it fails, is slow, lies, redirects. For tests and the benchmark `poller`.
"""

import asyncio
import base64
import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

CLIENT_ID, CLIENT_SECRET, SCOPE = "haulage: client", "s3cret:+/% §", "read write"
KEYS = {"state", "result", "error"}


@dataclass
class TaskApi:
    """What it holds and how it behaves; tests set and read it from another thread."""

    url: str = ""
    tasks: dict[str, Any] = field(default_factory=dict)
    told: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    tokens: dict[str, float] = field(default_factory=dict)
    # How it behaves.
    token_lives_s: float = 3600.0
    fail_every: int = 0
    down: bool = False
    slow_s: float = 0.0
    redirect_to: str = ""
    listed: Any = None
    keeps_listing: bool = False
    introspect: Callable[[str], Awaitable[bool]] | None = None
    strict: bool = True

    def add(self, task_id: str, type: str = "text_embedding", **fields: Any) -> dict[str, Any]:
        """A pending task."""
        task = {
            "_id": task_id,
            "type": type,
            "state": "pending",
            "content": "A text.",
            "callbackRoute": "verification_update_embedding",
            "callbackParams": {"targetId": f"target-{task_id}", "field": "title"},
            "createdAt": "2026-01-01T00:00:00Z",
            **fields,
        }
        self.tasks[task_id] = task
        return task

    def states(self) -> Counter[str]:
        """How many tasks are in each state."""
        return Counter(task["state"] for task in self.tasks.values())

    def revoke(self) -> None:
        """No token that was given out is good any more."""
        self.tokens.clear()

    def repeated(self) -> int:
        """Reports that said again what had been said."""
        return sum(len(words) - 1 for words in self.told.values())

    # ── What it answers ──

    async def token(self, request: Request) -> Response:
        self.calls["token"] += 1
        scheme, _, coded = request.headers.get("authorization", "").partition(" ")
        name, _, secret = base64.b64decode(coded or "").decode().partition(":")
        if scheme != "Basic" or (unquote(name), unquote(secret)) != (CLIENT_ID, CLIENT_SECRET):
            return JSONResponse({"error": "invalid_client"}, 401)
        form = {key: value[0] for key, value in parse_qs((await request.body()).decode()).items()}
        if form != {"grant_type": "client_credentials", "scope": SCOPE}:
            return JSONResponse({"error": "invalid_request"}, 400)
        token = secrets.token_urlsafe(24)
        self.tokens[token] = time.monotonic() + self.token_lives_s
        return JSONResponse(
            {"access_token": token, "token_type": "bearer", "expires_in": self.token_lives_s}
        )

    async def pending(self, request: Request) -> Response:
        if (refused := await self._refused(request, "list")) is not None:
            return refused
        if self.listed is not None:
            return Response(self.listed, media_type="application/json")
        limit = int(request.query_params["limit"])
        tasks = [
            task
            for task in self.tasks.values()
            if not isinstance(task, dict)
            or self.keeps_listing
            or task.get("state", "pending") == "pending"
        ]
        return JSONResponse(tasks[:limit])

    async def patch(self, request: Request) -> Response:
        task_id = request.path_params["task_id"]
        if (refused := await self._refused(request, "report")) is not None:
            return refused
        if self.redirect_to:
            return RedirectResponse(f"{self.redirect_to}/api/ai-tasks/{task_id}", 307)
        if request.headers["content-type"] != "application/json":
            return JSONResponse({"error": "JSON only"}, 415)
        body = json.loads(await request.body())
        task = self.tasks.get(task_id)
        if task is None:
            return JSONResponse({"error": "not found"}, 404)
        if (fault := self._fault_of(task, body)) is not None:
            self.violations.append(f"{task_id}: {fault}")
            return JSONResponse({"error": fault}, 422)
        said = self.told.setdefault(task_id, [])
        if said and task["state"] != "pending" and said[-1] != body:
            self.violations.append(f"{task_id}: told otherwise")
            return JSONResponse({"error": "told otherwise"}, 409)
        said.append(body)
        self.keys.setdefault(task_id, []).append(request.headers.get("idempotency-key", ""))
        task["state"] = body["state"]
        return JSONResponse({"_id": task_id, "state": body["state"]})

    async def _refused(self, request: Request, call: str) -> Response | None:
        self.calls[call] += 1
        if self.slow_s:
            await asyncio.sleep(self.slow_s)
        self.calls["all"] += 1
        if self.down:
            return JSONResponse({"error": "down"}, 503)
        if self.fail_every and self.calls["all"] % self.fail_every == 0:
            return JSONResponse({"error": "now and then"}, 500)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not await self._is_active(token):
            self.calls["unauthorized"] += 1
            return JSONResponse({"error": "unauthorized"}, 401)
        return None

    async def _is_active(self, token: str) -> bool:
        if self.introspect is not None:
            return await self.introspect(token)
        return time.monotonic() < self.tokens.get(token, 0.0)

    def _fault_of(self, task: dict[str, Any], body: Any) -> str | None:
        if not isinstance(body, dict) or not {"state", "result"} <= set(body) <= KEYS:
            return "not the documented body"
        if body["state"] == "failed":
            if body["result"] is not None or not body.get("error"):
                return "a failure without its reason, or with a result"
            return None
        if body["state"] != "succeeded" or "error" in body:
            return "no such state"
        result = body["result"]
        if not self.strict:
            return None
        if task["type"] == "text_embedding":
            is_vector = isinstance(result, list) and all(isinstance(n, float) for n in result)
            return None if is_vector and result else "no bare vector"
        are_people = isinstance(result, list) and all("name" in person for person in result)
        return None if are_people else "no list of people"


@contextmanager
def task_api() -> Iterator[TaskApi]:
    """One that answers on loopback, in a thread of its own."""
    api = TaskApi()
    app = FastAPI(openapi_url=None)
    app.add_route("/oauth2/token", api.token, ["POST"])
    app.add_route("/api/ai-tasks/pending", api.pending, ["GET"])
    app.add_route("/api/ai-tasks/{task_id}", api.patch, ["PATCH"])
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    api.url = f"http://127.0.0.1:{port}"
    try:
        yield api
    finally:
        server.should_exit = True
        thread.join(10)
