"""The tutorial, typed in as it stands: its files, its tests and its commands."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from live_system import System, Up

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = ROOT / "docs" / "tutorial.md"
FINISHED = ROOT / "examples" / "greeting"
BLOCK = re.compile(r"^ *```(\w+)[ \t]*(.*?)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
ID = re.compile(r"\bID\b")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what stands beside it, its text."""

    language: str
    info: str
    text: str


@dataclass(frozen=True)
class Command:
    """What a reader types. `prints` is the stdout that the tutorial shows, if it shows it."""

    line: str
    fails: bool
    prints: str | None


def blocks() -> list[Block]:
    found = [Block(*match.groups()) for match in BLOCK.finditer(TUTORIAL.read_text())]
    assert len(found) > 10
    return found


def files() -> dict[str, str]:
    named = {}
    for block in blocks():
        if block.language == "python":
            title = re.fullmatch(r'title="([\w.]+)"', block.info)
            assert title, f"a Python block says which file it is: {block.text[:60]}"
            named[title[1]] = block.text
    return named


def commands() -> list[Command]:
    shown = [*blocks(), Block("", "", "")]
    return [
        Command(
            line,
            fails=block.info == "exit=1",
            prints=following.text if following.language == "text" else None,
        )
        for block, following in pairwise(shown)
        if block.language == "sh"
        for line in map(str.strip, block.text.splitlines())
    ]


def ups() -> list[list[str]]:
    """The modules of each `haulage up` in the tutorial."""
    lines = [shlex.split(command.line) for command in commands()]
    return [words[3::2] for words in lines if words[:3] == ["haulage", "up", "--handlers"]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new folder with the reader's files."""
    made = tmp_path_factory.mktemp("hello")
    for name, text in files().items():
        (made / name).write_text(text)
    return made


def run(command: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    program, *arguments = shlex.split(command)
    program_of = {"haulage": [sys.executable, "-m", "haulage"], "python": [sys.executable]}
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HAULAGE_", "PYTEST_"))}
    return subprocess.run(
        [*program_of[program], *arguments],
        cwd=folder,
        env={**clean, **env},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("name", sorted(path.name for path in FINISHED.glob("*.py")))
def test_the_tutorials_files_are_the_ones_under_examples(name: str) -> None:
    assert files()[name] == (FINISHED / name).read_text()


def test_the_first_job_type_is_ten_lines_of_code() -> None:
    assert sum(bool(line.strip()) for line in files()["hello.py"].splitlines()) <= 10


def test_its_own_tests_pass(folder: Path) -> None:
    ended = run("python -m pytest -q -p no:cacheprovider test_greeting.py", folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def system(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """What the last `haulage up` of the tutorial starts."""
    up = tmp_path_factory.mktemp("up")
    with Up(up / "data", up / "up.log", handlers=ups()[-1], folder=folder) as running:
        yield running


@pytest.mark.e2e
@pytest.mark.xdist_group("tutorial")
@pytest.mark.timeout(240)
def test_its_commands_do_what_it_says(system: System, folder: Path) -> None:
    typed = [
        command
        for command in commands()
        if command.line.startswith(("haulage ", "python submit.py"))
        and not command.line.startswith("haulage up ")
    ]
    assert sum(command.prints is not None for command in typed) >= 3
    for command in typed:
        newest = str(next((job.id for job in system.client.list()), ""))
        ended = run(ID.sub(newest, command.line), folder, HAULAGE_URL=system.ready["url"])
        said = f"{command.line}\n{ended.stdout}\n{ended.stderr}"
        assert ended.returncode == (1 if command.fails else 0), said
        if command.prints is not None:
            assert ended.stdout == command.prints, said


@pytest.mark.e2e
@pytest.mark.xdist_group("tutorial")
def test_a_busy_printer_costs_attempts_but_no_step_twice(system: System) -> None:
    job = system.client.wait(system.client.submit("greet", {"name": "Ada", "busy": 2}).id)
    assert (job.state, job.attempt) == ("succeeded", 3)
    steps = system.query("SELECT count(*) FROM steps WHERE job_id = %s", job.id)
    assert steps == [(3,)]


@pytest.mark.e2e
@pytest.mark.xdist_group("tutorial")
def test_from_the_declaration_follow_schemas_help_and_a_page(system: System, folder: Path) -> None:
    document = httpx.get(f"{system.ready['url']}/openapi.json", trust_env=False).json()
    greet = document["components"]["schemas"]["greet.input"]
    assert greet["properties"]["name"]["description"] == "Whom to greet."
    assert greet["required"] == ["name"]
    assert document["components"]["schemas"]["count_words.result"]["properties"]["failed"]
    submit = document["paths"]["/api/v1/jobs"]["post"]["requestBody"]["content"]
    assert submit["application/json"]["examples"]["greet"]["value"]["input"] == {"name": "Ada"}
    for asked in ("types show greet", "types docs greet"):
        said = run(f"haulage {asked}", folder, HAULAGE_URL=system.ready["url"]).stdout
        assert "Greet somebody in several languages." in said
        assert "Whom to greet." in said
