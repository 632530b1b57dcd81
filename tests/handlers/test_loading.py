"""Job types are discovered, described, and light to know."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from haulage.domain.errors import DefinitionFault
from haulage.handlers import load_all

SHIPPED = {"crunch", "echo", "rewrite_novel", "sleep", "summarize_text", "web_scrape"}


@pytest.fixture
def job_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write a module into an empty current folder; forgets it and its job types afterwards."""
    from haulage.domain.job_type import REGISTRY

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(REGISTRY, "_types", dict(REGISTRY._types))
    names: list[str] = []

    def write(name: str, source: str) -> Path:
        names.append(name)
        path = tmp_path / f"{name}.py"
        path.write_text(textwrap.dedent(source), encoding="utf-8")
        return path

    yield write
    for name in names:
        sys.modules.pop(name, None)


GREET = """
    from haulage import Context, job_type

    @job_type("greet")
    async def greet(input: str, ctx: Context) -> str:
        return f"Bonjour {input}"
"""


def test_every_file_of_the_room_is_found():
    assert {declared.name for declared in load_all()} >= SHIPPED


def test_every_shipped_job_type_describes_itself():
    for declared in load_all():
        if declared.name in SHIPPED:
            assert declared.description
            assert declared.example is not None
            for schema in (declared.input_schema(), declared.result_schema()):
                for name, field in schema["properties"].items():
                    assert field.get("description"), f"{declared.name}.{name}"


def test_a_module_of_the_current_folder_is_loaded_by_name(job_file):
    job_file("my_greetings", GREET)

    assert "greet" in load_all(["my_greetings"])


def test_a_file_is_loaded_by_path_and_twice_is_once(job_file):
    path = job_file("more_greetings", GREET)

    assert "greet" in load_all([str(path), str(path)])


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import no_such_module_anywhere", "no_such_module_anywhere"),
        ("def broken(:", "SyntaxError"),
        ("raise RuntimeError('out of paper')", "out of paper"),
        ("from haulage import job_type\n@job_type('x')\ndef x(): ...", "reads"),
    ],
)
def test_a_module_that_cannot_be_imported_says_which_and_why(job_file, source, words):
    job_file("faulty_jobs", source)

    with pytest.raises(DefinitionFault, match=words):
        load_all(["faulty_jobs"])


@pytest.mark.parametrize("name", ["nowhere_to_be_found", "./nowhere.py", "", "a b"])
def test_a_module_that_is_not_there_is_named(name):
    with pytest.raises(DefinitionFault, match="handlers module"):
        load_all([name])


def test_knowing_the_job_types_loads_no_heavy_library():
    script = (
        "import sys; from haulage.handlers import load_all; load_all();"
        "print([m for m in ('numpy', 'pypdfium2', 'py3langid', 'selectolax', 'celery')"
        " if m in sys.modules])"
    )

    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert result.stdout.strip() == "[]", result.stderr
