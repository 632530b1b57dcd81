"""Arrays as text: PostgreSQL reads what was written."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haulage.domain.ids import uuid7
from haulage.storage.array_text import EMPTY, array_text, ids_text, texts_text

MOMENT = datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)
AWKWARD = ["", " ", "NULL", '"', "\\", '\\"', "{}", "{a,b}", ",", "a\nb\tc", "é\u2028😀", "'"]
STORABLE = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def read(connection: psycopg.Connection, written: str, query: LiteralString) -> Any:
    row = connection.execute(query, (written,)).fetchone()
    assert row is not None
    return row[0]


def test_ids_come_back(connection: psycopg.Connection) -> None:
    ids = [uuid7(), uuid7()]
    assert read(connection, ids_text(ids), "SELECT CAST(%s AS uuid[])") == ids


@pytest.mark.parametrize(
    ("values", "query"),
    [
        ([1, None, -(2**62)], "SELECT CAST(%s AS bigint[])"),
        ([0.1, None, 1e-300, -1e22, float("inf")], "SELECT CAST(%s AS float8[])"),
        ([True, False, None], "SELECT CAST(%s AS boolean[])"),
        ([MOMENT, None], "SELECT CAST(%s AS timestamptz[])"),
        ([], "SELECT CAST(%s AS int[])"),
    ],
)
def test_plain_values_and_nothing_come_back(
    connection: psycopg.Connection, values: list[Any], query: LiteralString
) -> None:
    assert read(connection, array_text(values), query) == values


def test_an_empty_array_is_one(connection: psycopg.Connection) -> None:
    assert read(connection, EMPTY, "SELECT CAST(%s AS text[])") == []


def test_texts_that_look_like_something_else_come_back(connection: psycopg.Connection) -> None:
    values = [*AWKWARD, None]
    assert read(connection, texts_text(values), "SELECT CAST(%s AS text[])") == values


@given(st.lists(st.none() | STORABLE))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_comes_back(connection: psycopg.Connection, values: list[str | None]) -> None:
    assert read(connection, texts_text(values), "SELECT CAST(%s AS text[])") == values
