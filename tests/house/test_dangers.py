"""What docs/security.md says that the code never does, looked for in all of it."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "haulage").rglob("*.py"))
# Run what they are given, or make objects of it.
RUNS_TEXT = {
    "eval", "exec", "os.system", "os.popen", "create_subprocess_shell", "pickle", "marshal",
    "shelve", "dill", "cloudpickle", "yaml",
}  # fmt: skip
UNPACKS = {"zipfile", "tarfile", "shutil.unpack_archive"}
SQL = re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b.*\b(FROM|INTO|SET|AS)\b", re.S)


@cache
def trees() -> dict[str, ast.Module]:
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in SOURCES}


def named(tree: ast.AST) -> Iterator[str]:
    """Modules that are imported, and whatever is called, with and without what it is called on."""
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from (one.name for one in node.names)
            case ast.ImportFrom():
                yield node.module or ""
                yield from (f"{node.module}.{one.name}" for one in node.names)
            case ast.Call(func=ast.Name(id=name)):
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name)):
                yield from (f"{module}.{name}", name if name.endswith("_shell") else "")


def found(wanted: set[str]) -> dict[str, set[str]]:
    told = {path: wanted & set(named(tree)) for path, tree in trees().items()}
    return {path: names for path, names in told.items() if names}


def test_no_text_is_run_and_no_object_is_made_of_one() -> None:
    assert found(RUNS_TEXT) == {}


def test_no_shell_is_started() -> None:
    shells = [
        path
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword)
        and node.arg == "shell"
        and not (isinstance(node.value, ast.Constant) and node.value.value is False)
    ]
    assert not shells


def test_no_archive_is_unpacked() -> None:
    [judge] = found(UNPACKS)
    assert judge == "haulage/documents/archives.py"
    assert not re.search(r"\barchive\.(extract|extractall|open|read)\b", (ROOT / judge).read_text())


def statements(tree: ast.AST) -> int:
    """How many statements of SQL are put together in it."""
    texts = (
        "".join(str(one.value) if isinstance(one, ast.Constant) else "?" for one in node.values)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
    )
    return sum(bool(SQL.match(text)) for text in texts)


def test_no_function_writes_a_value_into_sql() -> None:
    """Statements are put together once, of words of ours, when their module is imported."""
    assert sum(map(statements, trees().values())) > 10
    made = [
        f"{path}: {node.name}"
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and statements(node)
    ]
    assert made == []


def test_packages_of_npm_are_installed_without_their_scripts() -> None:
    places = [ROOT / "Makefile", *(ROOT / "tools").glob("*.py"), ROOT / "deploy/docker/Dockerfile"]
    installs = [
        line
        for path in places
        for line in path.read_text().splitlines()
        if re.search(r"""npm\("ci"|'ci',|\bnpm (ci|install)\b""", line)
    ]
    assert installs
    assert not [line for line in installs if "--ignore-scripts" not in line]
