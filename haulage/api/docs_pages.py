"""The API's own documentation for browsers, Swagger UI and ReDoc, from files of this machine.

Their scripts are let in by name and by the digest of the few lines that the page writes itself, so
that nothing else in it runs; it can ask this origin alone.
"""

import base64
import hashlib
import re

from fastapi.openapi.docs import (
    get_redoc_html,
    get_swagger_ui_html,
    get_swagger_ui_oauth2_redirect_html,
)
from starlette.requests import Request
from starlette.responses import HTMLResponse

from haulage.api.guard import Router, needs

TITLE = "Haulage"
OPENAPI = "/openapi.json"
REDIRECT = "/docs/oauth2-redirect"
STATIC = "/static-offline-docs"

_INLINE = re.compile(rb"<script[^>]*>(\s*[^\s<].*?)</script>", re.DOTALL)
# Both write their styles into the page; ReDoc searches in a worker that it makes of a blob.
_POLICY = (
    "default-src 'none'; script-src 'self' {digests}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

router = Router()


@router.get("/docs", include_in_schema=False)
@needs()
async def swagger_ui(request: Request) -> HTMLResponse:
    """Swagger UI over the OpenAPI document."""
    root = request.scope.get("root_path", "")
    page = get_swagger_ui_html(
        openapi_url=f"{root}{OPENAPI}",
        title=f"{TITLE} - Swagger UI",
        oauth2_redirect_url=f"{root}{REDIRECT}",
        swagger_js_url=f"{root}{STATIC}/swagger-ui-bundle.js",
        swagger_css_url=f"{root}{STATIC}/swagger-ui.css",
        swagger_favicon_url=f"{root}{STATIC}/favicon.png",
    )
    return _policed(page)


@router.get(REDIRECT, include_in_schema=False)
@needs()
async def oauth2_redirect() -> HTMLResponse:
    """Where Swagger UI comes back to from a sign-in elsewhere."""
    return _policed(get_swagger_ui_oauth2_redirect_html())


@router.get("/redoc", include_in_schema=False)
@needs()
async def redoc(request: Request) -> HTMLResponse:
    """ReDoc over the OpenAPI document."""
    root = request.scope.get("root_path", "")
    page = get_redoc_html(
        openapi_url=f"{root}{OPENAPI}",
        title=f"{TITLE} - ReDoc",
        redoc_js_url=f"{root}{STATIC}/redoc.standalone.js",
        with_google_fonts=False,
        redoc_favicon_url=f"{root}{STATIC}/favicon.png",
    )
    return _policed(page)


def _policed(page: HTMLResponse) -> HTMLResponse:
    digests = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
        for script in _INLINE.findall(bytes(page.body))
    )
    page.headers["Content-Security-Policy"] = _POLICY.format(digests=digests)
    return page
