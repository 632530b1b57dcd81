"""Lists fit the terminal, whatever its width."""

import io

import pytest
from rich.console import Console

from haulage.cli import tables
from haulage.cli.tables import Column, print_table

ID = "01a21904-bab9-7755-bd4f-a9d8dad81aeb"
COLUMNS = (
    Column("id", lambda _: ID),
    Column("error", lambda one: one, folds=True),
    Column("queue", lambda _: "io", spare=1),
    Column("created", lambda _: "12 min ago", spare=2),
    Column("empty", lambda _: ""),
)


def printed(monkeypatch: pytest.MonkeyPatch, width: int, *items: str) -> list[str]:
    screen = Console(file=io.StringIO(), width=width)
    monkeypatch.setattr(tables, "console", lambda: screen)
    assert print_table(COLUMNS, items) == len(items)
    return screen.file.getvalue().splitlines()


def test_a_column_that_is_empty_everywhere_is_left_out(monkeypatch):
    assert printed(monkeypatch, 200, "x")[0].split() == ["id", "error", "queue", "created"]


def test_text_folds_before_the_least_needed_columns_go(monkeypatch):
    words = "a long story of what went wrong here"
    assert "created" in printed(monkeypatch, 88, words)[0]
    assert printed(monkeypatch, 75, words)[0].split() == ["id", "error", "queue"]
    assert printed(monkeypatch, 66, words)[0].split() == ["id", "error"]


@pytest.mark.parametrize("width", [120, 80, 60, 50, 20])
def test_an_id_is_never_cut(monkeypatch, width):
    lines = printed(monkeypatch, width, "some error [bold]text[/] that is long")
    assert any(line.startswith(ID) for line in lines) or width < len(ID)
    assert width < 50 or all(len(line) <= width for line in lines)


def test_a_list_longer_than_a_chunk_has_one_header_and_straight_columns(monkeypatch):
    lines = printed(monkeypatch, 120, *(f"e{number}" for number in range(tables.CHUNK + 5)))
    assert len(lines) == tables.CHUNK + 6
    assert len({line.index(" io") for line in lines[1:]}) == 1
