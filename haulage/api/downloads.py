"""Answers with a file's bytes: whole, in a range, or not at all for who has them (RFC 9110)."""

import re
from collections.abc import Mapping
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from haulage.api.errors import Refusal
from haulage.api.representation import names_etag
from haulage.storage.blobs import Blobs, reference
from haulage.storage.file_store import FileRow

_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII)
_UNSAFE = re.compile(r"[^ !#$&'()+,.0-9=@A-Z\[\]^_`a-z{}~-]")


async def download(request: Request, row: FileRow, blobs: Blobs) -> Response:
    """The answer to a GET or HEAD of `row`'s content.

    Raises `NotFound` when the bytes are gone, and `Refusal` for a range that the file has not.
    """
    etag = f'"{row.sha256}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition(row.name),
        # Whatever somebody uploaded must not act in this origin's name.
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    asked = request.headers
    if names_etag((asked.get("if-none-match") or "").encode("latin-1"), etag.encode()):
        return Response(status_code=304, headers=headers)
    part = asked_range(asked, size=row.size, etag=etag)
    start, end = part or (0, row.size)
    status = 200
    if part is not None:
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{row.size}"
    headers["Content-Length"] = str(end - start)
    # As it is: of a text we know no charset to add.
    headers["Content-Type"] = row.media_type
    if request.method == "HEAD" or start == end:
        return Response(status_code=status, headers=headers)
    pieces = await blobs.stream(reference(row.sha256), start=start, end=end)
    return StreamingResponse(pieces, status_code=status, headers=headers)


def asked_range(asked: Mapping[str, str], *, size: int, etag: str) -> tuple[int, int] | None:
    """The single range that a request asks for, its end left out; None: it gets the whole.

    Several ranges, other units and what can't be read are answered with the whole, as is a range
    of another content than today's (`If-Range`). Raises `Refusal` for one that lies outside.
    """
    if asked.get("if-range", etag) != etag:
        return None
    found = _RANGE.fullmatch(asked.get("range", ""))
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        length = min(int(found[2]), size)
        start, end = size - length, size
    else:
        start, end = int(found[1]), min(int(found[2] or size) + 1, size)
        if found[2] and int(found[2]) < start:
            return None
    if start >= end:
        raise Refusal(
            416,
            "range_not_satisfiable",
            "The file has no such range",
            f"The file has {size} bytes; ask for a range within them, or for none.",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return start, end


def disposition(name: str) -> str:
    """`Content-Disposition` for a download under `name`: the plain form for old clients, in which
    whatever could end or change it is an underscore, and the whole name beside it (RFC 6266)."""
    plain = _UNSAFE.sub("_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
