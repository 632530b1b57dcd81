"""What people type, as the API wants it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer

from haulage.cli.inputs import place_files, read_duration, read_files, read_moment, typed_value


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("12", {"type": "string"}, "12"),
        ("12", {"type": "integer"}, 12),
        ("12", {"anyOf": [{"type": "string"}, {"type": "null"}]}, "12"),
        ("12", {"anyOf": [{"type": "number"}, {"type": "null"}]}, 12),
        ("speed", {"enum": ["speed", "quality"]}, "speed"),
        ("[1, 2]", {"type": "array"}, [1, 2]),
        ("true", None, True),
        ("twelve", {"type": "integer"}, "twelve"),
        ("hello", None, "hello"),
    ],
)
def test_a_field_becomes_what_its_schema_allows(text, schema, value):
    assert typed_value(text, schema) == value


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2 h", 7200), ("1d", 86400)]
)
def test_durations_have_units(text, seconds):
    assert read_duration(text) == seconds


def test_a_delay_counts_from_now():
    noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert read_moment("+90m", noon) == datetime(2026, 1, 5, 13, 30, tzinfo=UTC)


def test_a_time_without_zone_is_local():
    moment = read_moment("2026-01-05T12:00")
    assert moment == datetime(2026, 1, 5, 12).astimezone()


def test_a_file_whose_name_has_an_equals_sign_is_found(tmp_path: Path):
    path = tmp_path / "a=b.pdf"
    path.touch()
    assert read_files([str(path), f"cover={path}"]) == [(None, path), ("cover", path)]


PAGES = {"pages": {"type": "array", "items": {"type": "string", "x-haulage-file": {}}}}


def test_files_without_a_name_fill_the_only_field_of_files_in_their_order():
    one, two = Path("1.png"), Path("2.png")
    assert place_files([(None, one), ("pages", two)], PAGES) == {"pages": [one, two]}


def test_a_field_of_one_file_takes_no_second():
    with pytest.raises(typer.BadParameter, match="two files for the field 'file'"):
        place_files([(None, Path("1.pdf")), (None, Path("2.pdf"))], {"file": {"type": "string"}})
