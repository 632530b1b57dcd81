"""How an input names files.

`FileId` is what an input model declares for an uploaded file. It is how Haulage knows which files a
job uses: they are kept for as long as the job is.

    class Reading(BaseModel):
        file: FileId
        pictures: list[FileId] = []
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic_core import CoreSchema, core_schema

from haulage.domain.files import NamedFile

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
            metadata={"haulage_file": True},
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), MARK: {"accepts": list(cls.accepts)}}


class PdfId(FileId):
    """The id of a PDF that can be opened."""

    accepts = ("application/pdf",)


def named_files(value: Any, pointer: str = "") -> Iterator[NamedFile]:
    """Every file that a validated input names, wherever in it."""
    match value:
        case FileId():
            yield NamedFile(pointer, UUID(int=value.int), value.accepts)
        case BaseModel():
            own = {name: getattr(value, name) for name in type(value).model_fields}
            yield from named_files({**own, **(value.model_extra or {})}, pointer)
        case dict():
            for key, one in value.items():
                escaped = str(key).replace("~", "~0").replace("/", "~1")
                yield from named_files(one, f"{pointer}/{escaped}")
        case list() | tuple() | set() | frozenset():
            for place, one in enumerate(value):
                yield from named_files(one, f"{pointer}/{place}")
        case _ if is_dataclass(value):
            own = {one.name: getattr(value, one.name) for one in fields(value)}
            yield from named_files(own, pointer)


def takes_files(adapter: TypeAdapter[Any]) -> bool:
    """Whether an input of this type may name files."""
    try:
        return _has_files(adapter.core_schema)
    except PydanticUserError:
        # It names a model that is declared further down: nobody knows yet.
        return True


def _has_files(schema: Any) -> bool:
    """Whether a part of a core schema is a `FileId`."""
    match schema:
        case {"metadata": {"haulage_file": True}}:
            return True
        case dict():
            return any(_has_files(one) for one in schema.values())
        case list() | tuple():
            return any(_has_files(one) for one in schema)
        case _:
            return False
