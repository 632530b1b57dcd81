"""Files that jobs work on: what a handler gets and may ask for. How an input names them is in
`file_ids.py`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID, uuid5


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that an input names, and where: a JSON pointer. See `FileId` for `accepts`."""

    pointer: str
    id: UUID
    accepts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What is known of a file. `size` in bytes, `sha256` in hex."""

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class StoredFile(FileInfo):
    """A file and its whole content."""

    content: bytes


@dataclass(frozen=True, slots=True)
class FileOnDisk(FileInfo):
    """A file as this machine's file system has it: `open(file, "rb")`, `Path(file)`, `file.path`.

    To be read only, and until the attempt ends: it may be the one copy that there is.
    """

    path: Path

    def __fspath__(self) -> str:
        return str(self.path)


def made_id(job_id: UUID, sha256: str, name: str) -> UUID:
    """The id of a file that a job makes: the same for the same content under the same name, so that
    an attempt that repeats it finds what is there."""
    return uuid5(job_id, f"{sha256}/{name}")


class Files(Protocol):
    """What `async def` handlers do with files."""

    async def file(self, file_id: UUID | str) -> StoredFile:
        """A file of this job's tenant, whole in memory; raises `NotRetryable` if there is none."""
        ...

    async def file_path(self, file_id: UUID | str) -> FileOnDisk:
        """A file of this job's tenant in the file system, however large it is. See `file`.

        From a local folder it costs nothing; from a bucket it is fetched once an attempt.
        """
        ...

    async def put_file(self, name: str, media_type: str, content: bytes | Path) -> FileInfo:
        """Store a file that this job has made; it is kept for as long as the job is.

        `content` is its bytes or where they lie. The same content under the same name is the same
        file, in a later attempt too: it needs no step.
        """
        ...


class BlockingFiles(Protocol):
    """What plain `def` handlers do with files."""

    def file(self, file_id: UUID | str) -> StoredFile:
        """See `Files.file`."""
        ...

    def file_path(self, file_id: UUID | str) -> FileOnDisk:
        """See `Files.file_path`."""
        ...

    def put_file(self, name: str, media_type: str, content: bytes | Path) -> FileInfo:
        """See `Files.put_file`."""
        ...
