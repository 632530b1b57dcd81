"""The console: a page for browsers, built from `console/` into `console_dist` beside this file.

Its own routing happens in the browser, so a browser that asks for a page (`Accept: text/html`) and
finds no route of the API there is given the one document that is all pages. What begins like a
route of ours (`/api`, `/docs`, `/health` …) stays the API's to answer, and so does everything that
asks for something other than a page.

The document is made for each answer: a fresh nonce lets in the styles that the page writes, nothing
else written into it runs, and `<base>` says where the console is mounted. It names the parts of the
page that is asked for, so that a browser fetches them beside the script that would ask for them.
"""

import html
import mimetypes
import re
import secrets
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from haulage.api import console_files
from haulage.api.console_files import ASSETS
from haulage.api.errors import Refusal
from haulage.api.guard import Router, needs

# Their names carry a digest of their content.
FOR_EVER = "public, max-age=31536000, immutable"

_NAME = re.compile(r"[\w-][\w.-]*")
_BASE = re.compile(r'<base href="[^"]*"')
_NONCE = "__NONCE__"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; base-uri 'self'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_UNBUILT = """\
<!doctype html>
<html lang="en"><base href="/"><title>Haulage</title>
<meta name="viewport" content="width=device-width">
<h1>The console is not built</h1>
<p>The API works; its pages for browsers are missing from this installation.
{mend} Then start it again, or load this page again.</p>
<p><a href="docs">The API's documentation</a> is here already.</p>
</html>
"""

router = Router()


@router.get(f"/{ASSETS}/{{name}}", include_in_schema=False)
@needs()
async def asset(request: Request, name: str) -> Response:
    """A script, style or font of the console; compressed ahead for those who take gzip."""
    packs = "gzip" in request.headers.get("accept-encoding", "")
    found = console_files.asset(name, packed=packs) if _NAME.fullmatch(name) else None
    if found is None:
        raise Refusal(
            404,
            "not_found",
            "Not found",
            "The console has no such part. It was built anew since this page was loaded: load it "
            "again.",
        )
    headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
    if found.packed:
        headers["Content-Encoding"] = "gzip"
    media_type, _ = mimetypes.guess_type(name)
    return Response(found.content, headers=headers, media_type=media_type)


class Pages:
    """Answers where no route is: with the console for browsers, else with what `otherwise` says."""

    def __init__(self, otherwise: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._otherwise = otherwise
        self._taken = {_first(getattr(route, "path", "")) for route in routes} - {""}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._otherwise
        if scope["type"] == "http" and self._is_page(Request(scope)):
            answer = document(scope)
        await answer(scope, receive, send)

    def _is_page(self, request: Request) -> bool:
        path = request.scope["path"]
        if request.method not in ("GET", "HEAD") or _first(path) in self._taken:
            return False
        return path == "/" or "text/html" in request.headers.get("accept", "")


def document(scope: Scope) -> Response:
    """The console's document, or one that says how to build it."""
    nonce = secrets.token_urlsafe(16)
    text = console_files.index()
    status = 200
    if text is None:
        mend = re.sub(r"`(.*?)`", r"<code>\1</code>", html.escape(console_files.MEND))
        text, status = _UNBUILT.replace("{mend}", mend), 404
    mount = scope.get("root_path", "").rstrip("/")
    base = html.escape(f"{mount}/")
    ahead = "".join(map(_link, console_files.parts(scope["path"].removeprefix(mount))))
    text = _BASE.sub(f'<base href="{base}"', text, count=1).replace("</head>", f"{ahead}</head>", 1)
    text = text.replace(_NONCE, nonce)
    headers = {
        # A nonce that is kept is none; what it loads is kept instead.
        "Cache-Control": "no-cache",
        "Content-Security-Policy": _POLICY.format(nonce=nonce),
    }
    return HTMLResponse(text, status, headers=headers)


def _link(file: str) -> str:
    kind = "stylesheet" if file.endswith(".css") else "modulepreload"
    return f'<link rel="{kind}" crossorigin href="./{html.escape(file)}">'


def _first(path: str) -> str:
    return path.split("/", 2)[1] if path.startswith("/") else ""
