"""What can be uploaded: a path, bytes, or an open binary file; and the requests about files."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any, TypeAlias
from urllib.parse import quote
from uuid import UUID

from haulage.client.calls import API, Call, Upload
from haulage.client.models import FileView

Source: TypeAlias = Path | str | bytes | IO[bytes]


def upload_of(source: Source, name: str | None = None) -> Upload:
    """What `source` is; `name` defaults to the file's own."""
    if isinstance(source, bytes):
        return Upload(name or "upload", lambda: BytesIO(source))
    if isinstance(source, str | Path):
        path = Path(source)
        return Upload(name or path.name, lambda: path.open("rb"))
    own = getattr(source, "name", None)
    named = name or (Path(own).name if isinstance(own, str) else "upload")
    if not source.seekable():
        return Upload(named, lambda: _rest(source), repeatable=False)
    start = source.tell()
    return Upload(named, lambda: _rest(source, start))


class _Rest:
    """What an open file has from here on. httpx sees no more of it than `read`: it would measure
    the whole file and begin at its beginning."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read = file.read


@contextmanager
def _rest(source: IO[bytes], start: int | None = None) -> Iterator[Any]:
    # Whoever opened it closes it.
    if start is not None:
        source.seek(start)
    yield _Rest(source)


class Replacement:
    """A new content for a path, which has its old one until `keep` is called."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] = NamedTemporaryFile(  # noqa: SIM115 - `drop` closes it
            dir=path.parent, prefix=path.name, delete=False
        )

    def write(self, chunk: bytes) -> None:
        """Append."""
        self._file.write(chunk)

    def keep(self) -> None:
        """Put it in its place."""
        self._file.close()
        Path(self._file.name).replace(self._path)

    def drop(self) -> None:
        """Forget it, unless it was kept."""
        self._file.close()
        Path(self._file.name).unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[Replacement]:
    """A replacement of `path`'s content, dropped at the block's end unless it was kept."""
    new = Replacement(path)
    try:
        yield new
    finally:
        new.drop()


def upload(file: Upload) -> Call[FileView]:
    """POST /files. Files are known by their content, so uploading twice stores once."""
    return Call("POST", f"{API}/files", FileView.from_json, upload=file, repeatable=file.repeatable)


def show(file_id: UUID | str) -> Call[FileView]:
    """GET /files/{id}."""
    return Call("GET", _file(file_id), FileView.from_json)


def download(file_id: UUID | str) -> Call[None]:
    """GET /files/{id}/content: a stream of bytes."""
    return Call("GET", f"{_file(file_id)}/content", lambda _: None, streams="")


def _file(file_id: UUID | str) -> str:
    return f"{API}/files/{quote(str(file_id), safe='')}"
