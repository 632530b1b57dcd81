"""What a network and a busy server do to requests, on demand."""

import json
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import Request


@dataclass(frozen=True)
class Refuse:
    """One refusal that the next request gets."""

    status: int
    code: str = "busy"
    retry_after: str | None = None


class Script(Protocol):
    """What happens to requests; each of them is noted in `seen`."""

    seen: list[tuple[str, str, dict[str, str]]]
    refuse_next: list[Refuse]
    drop_answers: int


class Trouble:
    """Plain ASGI: Starlette's middleware would end broken streams neatly."""

    def __init__(self, app: Any, script: Script) -> None:
        self._app = app
        self._script = script

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        self._script.seen.append((request.method, request.url.path, dict(request.headers)))
        if self._script.refuse_next:
            await self._refuse(self._script.refuse_next.pop(0), send)
        elif self._script.drop_answers:
            self._script.drop_answers -= 1
            await self._app(scope, receive, _into_nothing)
            await self._break_off(send)
        else:
            await self._app(scope, receive, send)

    async def _refuse(self, refuse: Refuse, send: Any) -> None:
        headers = [(b"content-type", b"application/problem+json")]
        if refuse.retry_after:
            headers.append((b"retry-after", refuse.retry_after.encode()))
        problem = {"title": "Not now", "status": refuse.status, "code": refuse.code}
        body = json.dumps(problem).encode()
        await send({"type": "http.response.start", "status": refuse.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _break_off(self, send: Any) -> None:
        # A promise of more than comes: uvicorn then closes the connection.
        headers = [(b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _into_nothing(_message: Any) -> None: ...
