"""Files that jobs work on: how an input names one, and what a handler gets.

`FileId` is what an input model declares for an uploaded file. It is how Haulage knows which files a
job uses: they are kept for as long as the job is.

    class Reading(BaseModel):
        file: FileId
        pictures: list[FileId] = []
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol
from uuid import UUID

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

# In the JSON Schema of an input: a file's id goes here.
MARK = "x-haulage-file"


class FileId(UUID):
    """The id of a file. A subclass may say what it must be: a submit of any other is refused.

    class PdfId(FileId):
        accepts = ("application/pdf",)

    `accepts` are media types; an empty one takes every file. What takes only some must be able to
    open them: files that are damaged or want a password are refused too.
    """

    accepts: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return core_schema.no_info_after_validator_function(
            lambda given: cls(int=given.int),
            core_schema.uuid_schema(),
            serialization=core_schema.to_string_ser_schema(),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), MARK: {"accepts": list(cls.accepts)}}


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


def file_ids(value: Any, pointer: str = "") -> Iterator[tuple[str, FileId]]:
    """Every file that a validated input names, with the JSON pointer to its place."""
    match value:
        case FileId():
            yield pointer, value
        case BaseModel():
            named = {name: getattr(value, name) for name in type(value).model_fields}
            yield from file_ids({**named, **(value.model_extra or {})}, pointer)
        case dict():
            for key, one in value.items():
                escaped = str(key).replace("~", "~0").replace("/", "~1")
                yield from file_ids(one, f"{pointer}/{escaped}")
        case list() | tuple() | set() | frozenset():
            for place, one in enumerate(value):
                yield from file_ids(one, f"{pointer}/{place}")
        case _ if is_dataclass(value):
            named = {one.name: getattr(value, one.name) for one in fields(value)}
            yield from file_ids(named, pointer)
