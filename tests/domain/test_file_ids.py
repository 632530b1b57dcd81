"""How an input names files."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from haulage.domain.file_ids import MARK, FileId, PdfId, named_files, takes_files


@dataclass
class Cover:
    image: FileId


class Shelf(BaseModel):
    model_config = ConfigDict(extra="allow")

    title: str
    file: PdfId
    covers: list[Cover | None] = []
    by_name: dict[str, FileId | int] = {}
    inner: "Shelf | None" = None
    note: UUID | None = None


def test_an_id_is_a_uuid_in_and_out():
    adapter, known = TypeAdapter(PdfId), uuid4()
    for given in (known, str(known), PdfId(str(known))):
        value = adapter.validate_python(given)
        assert type(value) is PdfId
        assert value == known
    assert adapter.dump_json(value) == f'"{known}"'.encode()
    assert adapter.validate_json(adapter.dump_json(value)) == known


@pytest.mark.parametrize("given", ["", "no id", 7, None, {"id": "x"}])
def test_what_is_no_id_is_refused(given):
    with pytest.raises(ValidationError):
        TypeAdapter(FileId).validate_python(given)


def test_the_schema_says_that_it_is_a_file_and_of_which_kind():
    schema = TypeAdapter(Shelf).json_schema()
    shelf = schema["$defs"]["Shelf"]["properties"] if "$defs" in schema else schema["properties"]
    assert shelf["file"]["format"] == "uuid"
    assert shelf["file"][MARK] == {"accepts": ["application/pdf"]}
    assert MARK not in shelf["note"]


def test_files_are_found_wherever_an_input_has_them():
    ids = [str(uuid4()) for _ in range(5)]
    shelf = Shelf.model_validate(
        {
            "title": str(uuid4()),
            "file": ids[0],
            "covers": [None, {"image": ids[1]}],
            "by_name": {"a/b~c": ids[2], "none": 7},
            "inner": {"title": "t", "file": ids[3]},
            "note": str(uuid4()),
            "extra": {"file": FileId(ids[4])},
        }
    )
    assert {named.pointer: str(named.id) for named in named_files(shelf)} == {
        "/file": ids[0],
        "/covers/1/image": ids[1],
        "/by_name/a~1b~0c": ids[2],
        "/inner/file": ids[3],
        "/extra/file": ids[4],
    }


class Tree(BaseModel):
    leaves: "list[Tree]" = []
    file: FileId | None = None


@pytest.mark.parametrize(
    ("kind", "does"),
    [(Shelf, True), (Tree, True), (list[PdfId], True), (Cover, True), (dict[str, UUID], False)],
)
def test_an_input_type_says_whether_it_takes_files(kind, does):
    assert takes_files(TypeAdapter(kind)) is does
