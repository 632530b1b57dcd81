"""The reference pages say what the code says, and every link in the docs leads somewhere."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from haulage import secret_files
from haulage.api.routes import events, files, health, jobs, submits, types
from haulage.domain.errors import InputFault
from haulage.settings import FOREIGN, Settings, known_variables

ROOT = Path(__file__).resolve().parents[2]
PROSE = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    ROOT / "examples" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "how-to").glob("*.md")),
]
GENERATED = ["cli.md", "configuration.md", "job-types.md"]
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_page_is_up_to_date(generate: ModuleType, name: str) -> None:
    written = (ROOT / "docs" / name).read_text()
    assert written == generate.pages()[name], "run: python docs/generate.py"


def test_every_setting_is_explained_and_no_other(generate: ModuleType) -> None:
    explained = set()
    for section, meaning in generate.MEANINGS.items():
        names = (
            [f"{section}_{name}" for name in meaning] if isinstance(meaning, dict) else [section]
        )
        explained |= {f"HAULAGE_{name}".upper() for name in names}
    assert explained == set(known_variables()) - set(secret_files.VARIABLES)


def test_every_variable_that_is_read_elsewhere_is_explained(generate: ModuleType) -> None:
    assert FOREIGN - generate.ELSEWHERE.keys() <= {"HAULAGE_CONFIG"}


def test_a_default_in_the_home_folder_does_not_name_it(generate: ModuleType) -> None:
    assert str(Path.home()) not in generate.configuration()
    assert str(Path.home()) in Settings.model_fields["blob"].default.url


@pytest.mark.parametrize("page", PROSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    dead = [link for link in links if not (page.parent / link.partition("#")[0]).exists()]
    assert not dead


def test_every_test_that_the_threat_model_names_is_there() -> None:
    named = re.findall(
        r"`((?:tests|deploy)/[^`:]*)(?:::(\w+))?`", (ROOT / "docs" / "security.md").read_text()
    )
    assert named
    for file, test in named:
        assert (ROOT / file).is_file(), file
        assert not test or re.search(rf"def {test}\(", (ROOT / file).read_text()), test


def test_the_readme_shows_the_tutorials_first_job_type() -> None:
    hello = (ROOT / "examples" / "greeting" / "hello.py").read_text()
    assert f"```python\n{hello}```" in (ROOT / "README.md").read_text()


def test_the_api_page_names_every_route() -> None:
    page = (ROOT / "docs" / "http-api.md").read_text()
    routes = {
        (method, re.sub(r"\{\w+_id\}", "{id}", route.path))
        for resource in (events, files, health, jobs, submits, types)
        for route in resource.router.routes
        for method in getattr(route, "methods", {"GET"}) - {"HEAD"}
        if not route.path.endswith("/stream")  # said beside /events
    }
    assert len(routes) > 10
    assert not {f"{method} {path}" for method, path in routes if f"`{method} {path}`" not in page}


def test_the_api_page_names_every_error_code() -> None:
    page = (ROOT / "docs" / "http-api.md").read_text()
    refusal = re.compile(r'Refusal\(\s*\d{3},\s*"(\w+)"')
    sources = [path.read_text() for path in (ROOT / "haulage" / "api").rglob("*.py")]
    codes = {code for source in sources for code in refusal.findall(source)}
    codes |= {fault.code for fault in InputFault.__subclasses__()} - {"input_fault"}
    assert {"malformed_json", "queue_full"} <= codes
    assert not {code for code in codes if f"`{code}`" not in page}


def test_decisions_are_numbered_through_and_named_once() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    titles = [path.read_text().split(" ", 2)[1] for path in files]
    numbers = [f"{place:03}" for place in range(1, len(files) + 1)]
    assert [path.name.split("-", 1)[0] for path in files] == titles == numbers
