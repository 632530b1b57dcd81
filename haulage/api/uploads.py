"""Takes an uploaded file out of a request as it arrives; it is never whole in memory or on a disk
that is not the blob store.

Two shapes: a form with the one field `file`, or the bytes themselves with `?name=`.
"""

import re
from collections.abc import AsyncIterator
from pathlib import PurePosixPath

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from haulage.api.bodies import parts, require_plain, too_large
from haulage.api.errors import Refusal
from haulage.api.faults import HeaderFault
from haulage.documents.media_types import HEAD_BYTES, UNKNOWN, media_type_of
from haulage.domain.errors import Fault, InvalidInput

FORM = "multipart/form-data"
DEFAULT_NAME = "file"
FILE_LIMIT = "HAULAGE_API_MAX_FILE_BYTES"
MAX_NAME_CHARS = 255
# What a form may weigh beside its file.
FORM_BYTES = 64 * 1024

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,99}/[a-z0-9][a-z0-9!#$&^_.+-]{0,99}")


class Upload:
    """The file in `request`. `name` and `media_type` are known once `content` has been read."""

    def __init__(self, request: Request, *, name: str | None, limit: int) -> None:
        require_plain(request)
        self.name = safe_name(name or "")
        self._head = bytearray()
        self._said = UNKNOWN
        self._request = request
        self._limit = limit
        said = request.headers.get("content-type", "")
        kind, options = parse_options_header(said)
        self._form: _Form | None = None
        if kind == FORM.encode():
            self._form = _Form(options.get(b"boundary", b""))
        elif kind == b"application/x-www-form-urlencoded":
            raise Refusal(
                415,
                "unsupported_media_type",
                "Unsupported media type",
                "Send the file as the field `file` of multipart/form-data, "
                "or its bytes with their own content type.",
                errors=(HeaderFault("Content-Type", "must be multipart/form-data or the file's"),),
            )
        else:
            self._said = safe_media_type(kind.decode("latin-1"))

    @property
    def media_type(self) -> str:
        """What it is by its content."""
        return media_type_of(bytes(self._head), self._said)

    async def content(self) -> AsyncIterator[bytes]:
        """The file's bytes.

        Raises `PayloadTooLarge`, `InvalidInput` for an empty file or another form, and `Refusal`
        for what is not a form at all.
        """
        size = 0
        async for piece in self._pieces():
            size += len(piece)
            if size > self._limit:
                raise too_large("file", self._limit, FILE_LIMIT)
            self._head += piece[: HEAD_BYTES - len(self._head)]
            yield piece
        if size == 0:
            raise InvalidInput("The file is empty.", (Fault("/file", "has no content"),))

    async def _pieces(self) -> AsyncIterator[bytes]:
        if self._form is None:
            async for part in parts(self._request, limit=self._limit, setting=FILE_LIMIT):
                yield part
            return
        async for part in parts(self._request, limit=self._limit + FORM_BYTES, setting=FILE_LIMIT):
            for piece in self._form.feed(part):
                yield piece
        self._form.finish()
        self.name = safe_name(self._form.name)
        self._said = safe_media_type(self._form.media_type)


class _Form:
    """A form that has the field `file` and no other, read piece by piece."""

    def __init__(self, boundary: bytes) -> None:
        if not boundary:
            raise _malformed("Its content type names no boundary")
        self.name = ""
        self.media_type = UNKNOWN
        self._found = False
        self._complete = False
        self._pieces: list[bytes] = []
        self._header = (bytearray(), bytearray())
        self._headers: dict[bytes, bytes] = {}
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._headers.clear,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_data,
                    "on_end": self._on_end,
                },
            )
        except FormParserError as error:
            raise _malformed(str(error)) from error

    def feed(self, part: bytes) -> list[bytes]:
        """The file's bytes in `part` of the body."""
        try:
            self._parser.write(part)
        except FormParserError as error:
            raise _malformed(str(error)) from error
        pieces, self._pieces = self._pieces, []
        return pieces

    def finish(self) -> None:
        """Raise unless the form was whole and had its file."""
        if not self._complete:
            raise _malformed("It ends before its last boundary")
        if not self._found:
            raise InvalidInput("The form has no file.", (Fault("/file", "is required"),))

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def _on_header_end(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _on_headers_finished(self) -> None:
        said = self._headers.get(b"content-disposition", b"")
        _, options = parse_options_header(said.decode("latin-1"))
        field = options.get(b"name", b"").decode("utf-8", "replace")
        if field != "file" or self._found:
            what = "comes twice" if field == "file" else "unknown field; the file goes into 'file'"
            raise InvalidInput("The form does not fit.", (Fault(f"/{field[:100]}", what),))
        self._found = True
        self.name = options.get(b"filename", b"").decode("utf-8", "replace")
        kind, _ = parse_options_header(self._headers.get(b"content-type", b"").decode("latin-1"))
        self.media_type = kind.decode("latin-1")

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self._pieces.append(data[start:end])

    def _on_end(self) -> None:
        self._complete = True


def safe_name(said: str) -> str:
    """The last part of a path, without control characters; `file` when nothing is left."""
    printable = "".join(char for char in said if char.isprintable())
    name = PurePosixPath(printable.replace("\\", "/")).name[:MAX_NAME_CHARS].strip()
    return name if name.strip(".") else DEFAULT_NAME


def safe_media_type(said: str) -> str:
    """`type/subtype` in lower case, or `application/octet-stream` for anything else."""
    kind = said.lower().strip()
    return kind if _MEDIA_TYPE.fullmatch(kind) else UNKNOWN


def _malformed(why: str) -> Refusal:
    return Refusal(400, "malformed_form", "Malformed form", f"The form can't be read: {why}.")
