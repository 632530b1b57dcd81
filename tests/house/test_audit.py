"""`make audit`, against a database of vulnerabilities that says what a test has it say."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools import audit

ID = "GHSA-aaaa-bbbb-cccc"
ALIAS = "PYSEC-2026-7"


@dataclass
class Osv:
    """As OSV's API: `known` by ecosystem, name and version; `status` when it fails."""

    known: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    status: int = 200
    page: int = 100
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, body: dict) -> dict:
        if path.startswith("/v1/vulns/"):
            pair = {ID: ALIAS, ALIAS: ID}
            name = path.rpartition("/")[2]
            return {"id": name, "aliases": [pair[name]], "summary": "it opens doors"}
        return {"results": [self._result(query) for query in body["queries"]]}

    def _result(self, query: dict) -> dict:
        package = query["package"]
        one = (package["ecosystem"], package["name"], query["version"])
        self.asked.append(one)
        first = int(query.get("page_token", 0))
        ids = self.known.get(one, [])
        result: dict = {}
        if there := ids[first : first + self.page]:
            result["vulns"] = [{"id": one, "modified": "2026-01-01T00:00:00Z"} for one in there]
        if len(ids) > first + self.page:
            result["next_page_token"] = str(first + self.page)
        return result


@contextmanager
def serving(osv: Osv) -> Iterator[Osv]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = json.loads(self.rfile.read(length) or b"{}")
            said = json.dumps(osv.answer(self.path, body) if osv.status == 200 else {}).encode()
            self.send_response(osv.status)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    osv.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield osv
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def osv() -> Iterator[Osv]:
    with serving(Osv()) as running:
        yield running


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Locks of one package each."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "server.txt").write_text(
        "httpx==0.28.1 ; python_version > '3' \\\n    --hash=sha256:00\n"
    )
    (tmp_path / "requirements" / "audit.toml").write_text("")
    for number, lock in enumerate(audit.NPM_LOCKS):
        path = tmp_path / lock
        path.parent.mkdir(parents=True)
        entry = {"version": f"19.0.{number}", "license": "MIT"}
        path.write_text(json.dumps({"packages": {"": {}, "node_modules/react": entry}}))
    return tmp_path


def allow(tree: Path, *, id: str = ID, until: str = "2999-01-01") -> None:
    (tree / "requirements" / "audit.toml").write_text(
        f'[[allow]]\nid = "{id}"\npackage = "httpx"\n'
        f'reason = "the function in question is never called"\nuntil = {until}\n'
    )


def ran(tree: Path, database: str, *more: str) -> int:
    return audit.main(["--root", str(tree), "--database", database, *more])


def test_every_package_of_every_lock_is_asked_for(osv: Osv, tree: Path) -> None:
    assert ran(tree, osv.url) == 0
    expected = {
        ("PyPI", "httpx", "0.28.1"),
        ("npm", "react", "19.0.0"),
        ("npm", "react", "19.0.1"),
    }
    assert set(osv.asked) == expected


def test_the_repositorys_own_locks_are_read() -> None:
    found = audit.locked(audit.ROOT)
    assert {package.ecosystem for package in found} == {"PyPI", "npm"}
    assert {"celery", "react", "oidc-provider"} <= {package.name for package in found}


@pytest.mark.parametrize(
    "package", [("PyPI", "httpx", "0.28.1"), ("npm", "react", "19.0.0")], ids=lambda p: p[0]
)
def test_a_vulnerability_fails_and_is_named_once(
    osv: Osv, tree: Path, capsys: pytest.CaptureFixture, package: tuple[str, str, str]
) -> None:
    osv.known[package] = [ID, ALIAS]
    assert ran(tree, osv.url) == 1
    said = capsys.readouterr().out
    assert said.count("FAILED") == 1
    assert f"{package[1]} {package[2]}" in said
    assert "it opens doors" in said


def test_one_on_a_later_page_is_found(osv: Osv, tree: Path) -> None:
    osv.known["PyPI", "httpx", "0.28.1"] = [ALIAS, ID]
    osv.page = 1
    assert ran(tree, osv.url) == 1
    assert osv.asked.count(("PyPI", "httpx", "0.28.1")) == 2


@pytest.mark.parametrize("id", [ID, ALIAS])
def test_one_that_is_allowed_passes_by_any_of_its_names(
    osv: Osv, tree: Path, capsys: pytest.CaptureFixture, id: str
) -> None:
    osv.known["PyPI", "httpx", "0.28.1"] = [ID]
    allow(tree, id=id)
    assert ran(tree, osv.url) == 0
    assert "the function in question is never called" in capsys.readouterr().out


def test_past_its_date_it_fails_again(osv: Osv, tree: Path) -> None:
    osv.known["PyPI", "httpx", "0.28.1"] = [ID]
    allow(tree, until="2020-01-01")
    assert ran(tree, osv.url) == 1


def test_an_allowance_that_nothing_needs_is_named(
    osv: Osv, tree: Path, capsys: pytest.CaptureFixture
) -> None:
    allow(tree)
    assert ran(tree, osv.url) == 0
    assert f"no longer needed in requirements/audit.toml: {ID}" in capsys.readouterr().out


def test_without_the_database_it_says_so_and_passes(
    tree: Path, capsys: pytest.CaptureFixture
) -> None:
    assert ran(tree, "http://127.0.0.1:1") == 0
    assert "NOT CHECKED" in capsys.readouterr().out
    assert ran(tree, "http://127.0.0.1:1", "--must-reach") == 1


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_database_that_does_not_serve_is_not_a_clean_bill(
    osv: Osv, tree: Path, capsys: pytest.CaptureFixture, status: int
) -> None:
    osv.status = status
    assert ran(tree, osv.url) == 0
    assert "NOT CHECKED" in capsys.readouterr().out


def test_asking_wrongly_fails(osv: Osv, tree: Path) -> None:
    osv.status = 400
    assert ran(tree, osv.url) == 1


@pytest.mark.parametrize(
    ("terms", "exit_code"),
    [
        ("AGPL-3.0-or-later", 1),
        ("SSPL-1.0", 1),
        (None, 1),
        ("MIT OR AGPL-3.0", 0),
        ("LGPL-3.0", 0),
    ],
)
def test_a_licence_that_reaches_those_who_run_a_service_fails(
    tree: Path, terms: str | None, exit_code: int
) -> None:
    entry = {"version": "1.0.0", **({"license": terms} if terms else {})}
    (tree / audit.NPM_LOCKS[0]).write_text(
        json.dumps({"packages": {"": {}, "node_modules/x": entry}})
    )
    assert ran(tree, "http://127.0.0.1:1") == exit_code


def test_no_package_that_is_installed_here_has_such_a_licence() -> None:
    packages = audit.locked(audit.ROOT)
    allowed = audit.allow_list(audit.ROOT / "requirements" / "audit.toml")
    found = audit.licences(packages, audit.ROOT)
    assert not [one for one in found if not any(entry.covers(one) for entry in allowed)]
