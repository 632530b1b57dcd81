import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from haulage.cli.main import app
from tests.client.contract import Contract, Listening

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def listening() -> Iterator[Contract]:
    with Listening() as contract:
        yield contract


@pytest.fixture
def api(listening: Contract, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Contract:
    """The stand-in API, as good as new, where the command line finds it."""
    listening.__dict__.update(Contract(url=listening.url).__dict__)
    monkeypatch.delenv("HAULAGE_API_KEY", raising=False)
    monkeypatch.setenv("HAULAGE_URL", listening.url)
    monkeypatch.setenv("HAULAGE_DATA", str(tmp_path / "data"))
    return listening


@pytest.fixture
def run() -> Run:
    """Run a command line in this process."""
    runner = CliRunner()

    def run(*arguments: str, stdin: str | None = None) -> Result:
        return runner.invoke(app, list(arguments), input=stdin)

    return run


@pytest.fixture
def json_lines() -> Callable[[Result], list[Any]]:
    """What a command printed with `-o json`: standard output holds nothing else."""
    return lambda result: [json.loads(line) for line in result.stdout.splitlines()]
