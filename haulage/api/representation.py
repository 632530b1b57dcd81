"""How an answer travels: who may keep it, how it is known again, and how small it is made.

A JSON document under `/api` carries an ETag that is a digest of its bytes: it changes whenever the
document does, whichever field that was, and who has it already (`If-None-Match`) hears 304. Where a
route tells a version by an ETag of its own (`preconditions.py`), that comes before the digest. Only
who asked may keep it, and has to ask again before each use, because jobs move and permissions end.
All other JSON is kept by nobody. What is larger than a packet is compressed for those who take
gzip. Streams, files and pages pass as they are.
"""

import asyncio
import gzip
import hashlib
from collections.abc import Callable
from typing import Any

from starlette.types import Message, Scope, Send

# Below this a compressed answer saves no packet.
COMPRESS_FROM_BYTES = 1_400
# Above this the work takes milliseconds, which would hold up everybody else on the loop.
IN_A_THREAD_FROM_BYTES = 64 * 1024
LEVEL = 1

_KEEP_FOR_YOURSELF = (b"cache-control", b"private, no-cache")
_KEEP_NOTHING = (b"cache-control", b"no-store")
# Nothing in a JSON answer is to be run or framed, whatever a browser takes it for.
_INERT = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_VARY = (b"vary", b"accept-encoding")

Headers = list[tuple[bytes, bytes]]


class Representation:
    """`send` for one request: gives its answer the form that the request allows.

    The head of a JSON answer is held back until its body comes. One that comes in pieces goes on
    untouched from there.
    """

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._head: dict[str, Any] | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_json(message["headers"]):
            self._head = {**message, "headers": [*message["headers"], _INERT]}
            return
        head, self._head = self._head, None
        if head is not None:
            body: bytes = message.get("body", b"")
            if not message.get("more_body", False):
                body = await self._formed(head, body)
                message = {**message, "body": body}
            if _said(head["headers"], b"cache-control") is None:
                head["headers"].append(_KEEP_NOTHING)
            await self._send(head)
        await self._send(message)

    async def _formed(self, head: dict[str, Any], body: bytes) -> bytes:
        """The body as it is sent; `head` is completed."""
        headers: Headers = head["headers"]
        asked = self._scope["headers"]
        if head["status"] == 200 and self._is_document():
            etag = await _worked(_etag, body)
            if (version := _said(headers, b"etag")) is not None:
                _drop(headers, b"etag")
                etag = b'W/"%s.%s' % (version.strip(b'"'), etag.removeprefix(b'W/"'))
            headers += [(b"etag", etag), _KEEP_FOR_YOURSELF]
            if names_etag(_said(asked, b"if-none-match"), etag):
                head["status"] = 304
                _drop(headers, b"content-length", b"content-type")
                return b""
        if len(body) >= COMPRESS_FROM_BYTES:
            headers.append(_VARY)
            if _takes_gzip(_said(asked, b"accept-encoding")):
                body = await _worked(_compressed, body)
                _drop(headers, b"content-length")
                headers += [(b"content-encoding", b"gzip"), (b"content-length", b"%d" % len(body))]
        return body

    def _is_document(self) -> bool:
        return self._scope["method"] == "GET" and str(self._scope["path"]).startswith("/api/")


async def _worked(work: Callable[[bytes], bytes], body: bytes) -> bytes:
    if len(body) < IN_A_THREAD_FROM_BYTES:
        return work(body)
    return await asyncio.to_thread(work, body)


def _etag(body: bytes) -> bytes:
    # Weak: the compressed and the plain form share it.
    return b'W/"%s"' % hashlib.blake2b(body, digest_size=16).hexdigest().encode()


def _compressed(body: bytes) -> bytes:
    return gzip.compress(body, LEVEL, mtime=0)


def _is_json(headers: Headers) -> bool:
    kind = _said(headers, b"content-type") or b""
    return kind.startswith((b"application/json", b"application/problem+json"))


def names_etag(said: bytes | None, etag: bytes) -> bool:
    """Whether an `If-None-Match` names `etag`; weak and strong ones are compared alike."""
    if said is None:
        return False
    opaque = etag.removeprefix(b"W/")
    return any(one.strip().removeprefix(b"W/") in (opaque, b"*") for one in said.split(b","))


def _takes_gzip(said: bytes | None) -> bool:
    for one in (said or b"").lower().split(b","):
        coding, _, weight = one.partition(b";")
        if coding.strip() in (b"gzip", b"*"):
            return weight.replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return False


def _said(headers: Headers, name: bytes) -> bytes | None:
    for its, value in headers:
        if its == name:
            return value
    return None


def _drop(headers: Headers, *names: bytes) -> None:
    headers[:] = [header for header in headers if header[0] not in names]
