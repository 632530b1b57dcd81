"""Rooms have ranks: import only from a lower one; siblings never meet (DESIGN, Rooms)."""

import ast
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "haulage"
RANKS = {
    "domain": 0,
    "secret_files": 0,
    "settings": 1,
    "client": 1,
    "testing": 1,
    "telemetry": 1,
    "brokers": 2,
    "storage": 3,
    "limits": 3,
    "providers": 3,
    "documents": 3,
    "web": 3,
    "accounts": 4,
    "handlers": 4,
    "engine": 5,
    "connectors": 6,
    "api": 7,
    "wiring": 8,
    "runtime": 9,
    "cli": 10,
    "__main__": 11,
}
# The handlers' files see less than their rank allows.
HANDLERS_SEE = {"domain", "documents", "web"}
# What the domain may import beside the standard library.
DOMAIN_SEES = {"pydantic", "pydantic_core", "haulage"}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def imported(path: Path) -> list[str]:
    """Every module a file imports, in functions and under TYPE_CHECKING too."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.append(node.module or "")
            if node.module in ("haulage", "haulage.storage"):
                names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


FILES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if path.parent != PACKAGE or path.name not in ("__init__.py",)
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_from_its_own_room_and_lower_ranks(path: Path) -> None:
    room = room_of(path)
    assert room in RANKS, f"{room} has no rank; give it one in DESIGN and here"
    for name in imported(path):
        parts = name.split(".")
        if parts[0] != "haulage" or len(parts) < 2 or parts[1] not in RANKS:
            continue
        other = parts[1]
        assert other == room or RANKS[other] < RANKS[room], f"{path} imports {name}"


@pytest.mark.parametrize(
    "path", [path for path in FILES if room_of(path) == "handlers"], ids=lambda path: path.name
)
def test_a_handler_sees_domain_documents_and_web_only(path: Path) -> None:
    rooms = {name.split(".")[1] for name in imported(path) if name.startswith("haulage.")}
    assert rooms - {"handlers"} <= HANDLERS_SEE


@pytest.mark.parametrize(
    "path", [path for path in FILES if room_of(path) == "domain"], ids=lambda path: path.name
)
def test_the_domain_imports_the_standard_library_and_pydantic_only(path: Path) -> None:
    import sys

    tops = {name.split(".")[0] for name in imported(path)}
    assert tops <= DOMAIN_SEES | set(sys.stdlib_module_names)


def test_celery_is_imported_by_the_engines_edge_only() -> None:
    allowed = {
        "engine/canary.py",
        "engine/celery_app.py",
        "engine/consumer.py",
        "engine/cpu_pool.py",
        "engine/doorbell.py",
        "engine/host.py",
        "engine/io_pool.py",
        "engine/rabbit.py",
        "engine/revokes.py",
        "engine/transport.py",
    }
    found = {
        str(path.relative_to(PACKAGE))
        for path in FILES
        if {"celery", "kombu", "billiard"} & {name.split(".")[0] for name in imported(path)}
    }
    assert found == allowed


def test_alembic_is_imported_by_migrations_only() -> None:
    """Every process would import it at its start else, and `haulage up` starts five."""
    found = {
        str(path.relative_to(PACKAGE))
        for path in FILES
        if "alembic" in {name.split(".")[0] for name in imported(path)}
        or "haulage.storage.migrate" in imported(path)
    }
    outside = {name for name in found if not name.startswith("storage/migrations/")}
    assert outside == {"storage/migrate.py", "wiring/migration.py"}


def test_only_the_database_file_commits() -> None:
    committing = {
        str(path.relative_to(PACKAGE))
        for path in FILES
        if any(mark in path.read_text() for mark in (".commit()", ".begin()", "autocommit=True"))
    }
    # The migrations' own lock and the embedded server's first connection are not the store's.
    assert committing <= {
        "storage/database.py",
        "storage/migrations/patience.py",
        "runtime/postgres.py",
    }
