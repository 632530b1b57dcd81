"""Sources as they are configured."""

import re
from pathlib import Path
from typing import Any

import pytest

from haulage import handlers
from haulage.connectors.source import from_file, require_types
from haulage.connectors.tasks import read_submission, read_task
from haulage.connectors.templates import TemplateFault, render, render_text
from haulage.settings import SettingsFault, load
from haulage.settings.older_names import OLDER_NAMES
from haulage.settings.poller import PollerSettings
from haulage.wiring.poller import sources_of

ROOT = Path(__file__).parents[3]
ORDERS = """
[sources.orders]
list_url = "https://shop.example/tasks"
id = "{uuid}"

[sources.orders.types.summary]
job_type = "echo"
input = {value = {text = "{body}", words = 5}}

[sources.orders.report]
url = "https://shop.example/tasks/{id}"
body = {state = "{state}"}
"""


def test_a_file_names_any_number_of_sources(tmp_path: Path):
    path = tmp_path / "haulage.toml"
    path.write_text(ORDERS + ORDERS.replace("orders", "invoices"))
    assert set(from_file(path)) == {"orders", "invoices"}


def test_a_task_is_read_as_the_source_says(tmp_path: Path):
    path = tmp_path / "haulage.toml"
    path.write_text(ORDERS)
    source = from_file(path)["orders"]
    given = {"uuid": 7, "type": "summary", "body": "Long."}
    task = read_task(source, given)
    assert (task.task_id, task.kind) == ("7", "summary")
    submission: Any = read_submission("orders", source, task, given)
    assert submission.input == {"value": {"text": "Long.", "words": 5}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("https://shop.example/tasks/{id}", "https://{host}/{id}"), "can't come from a task"),
        (('https://shop.example/tasks"', 'https://me:pw@shop.example/"'), "no credentials"),
        (('https://shop.example/tasks"', 'ftp://shop.example/"'), "http"),
        (('id = "{uuid}"', 'ids = "{uuid}"'), "ids"),
    ],
)
def test_a_fault_says_where_it_is(tmp_path: Path, change: tuple[str, str], said: str):
    path = tmp_path / "haulage.toml"
    path.write_text(ORDERS.replace(*change))
    with pytest.raises(SettingsFault, match=said) as fault:
        from_file(path)
    assert "sources.orders" in str(fault.value)
    assert "pw@" not in str(fault.value)


def test_a_job_type_that_nobody_knows_is_a_fault_at_the_start(tmp_path: Path):
    path = tmp_path / "haulage.toml"
    path.write_text(ORDERS.replace('"echo"', '"ecko"'))
    with pytest.raises(SettingsFault, match="ecko"):
        require_types(from_file(path), handlers.load_all(()))


def test_the_older_variables_make_the_source_with_their_defaults():
    settings = load({"API_BASE_URL": "https://app.example/", "HAULAGE_CONFIG": "/nonexistent"})
    source = sources_of(settings)["ai-tasks"]
    assert source.list_url == "https://app.example/api/ai-tasks/pending"
    assert (source.interval_s, source.concurrency, source.timeout_s) == (30, 5, 30)
    assert source.oauth2 is None


def test_orys_project_names_its_token_url():
    settings = load(
        {
            "API_BASE_URL": "https://app.example",
            "ORY_PROJECT_SLUG": "calm-sky",
            "OAUTH2_CLIENT_ID": "me",
            "OAUTH2_CLIENT_SECRET": "s",
            "HAULAGE_CONFIG": "/nonexistent",
        }
    )
    oauth2 = sources_of(settings)["ai-tasks"].oauth2
    assert oauth2 is not None
    assert oauth2.token_url == "https://calm-sky.projects.oryapis.com/oauth2/token"
    assert oauth2.scope == "read write"


def test_a_missing_client_is_said_at_the_start():
    settings = load(
        {"API_BASE_URL": "https://app.example", "OAUTH2_TOKEN_URL": "https://login.example/t"}
    )
    with pytest.raises(SettingsFault, match="client_id"):
        sources_of(settings)


def test_the_examples_of_the_documents_are_sources(tmp_path: Path):
    [example] = re.findall(
        r"```toml\n(.*?)```", (ROOT / "docs/how-to/pull-tasks.md").read_text(), re.DOTALL
    )
    path = tmp_path / "haulage.toml"
    path.write_text(example)
    require_types(from_file(path), handlers.load_all(()))


def test_the_example_of_an_environment_is_read_as_it_stands():
    lines = (ROOT / ".env.example").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    unknown = set(given) - set(OLDER_NAMES)
    assert unknown == {"HAULAGE_DATABASE_URL", "HAULAGE_REDIS_URL"}
    settings = load({name: value.strip('"') for name, value in given.items()})
    assert settings.poller.model_dump(exclude={"api_base_url"}) == PollerSettings().model_dump(
        exclude={"api_base_url"}
    )


def test_a_template_takes_the_first_value_that_is_there():
    assert render("{a.b|a|c}", {"a": "x", "c": "y"}) == "x"
    assert render("{a.b|c}", {"a": {"b": None}, "c": 5}) == 5
    assert render({"x": "{a.0}", "y": "{b?}", "z": ["{b?}", 1]}, {"a": [7]}) == {"x": 7, "z": [1]}
    assert render({"x": "{a}"}, {"a": None}) == {"x": None}


def test_a_template_names_what_is_missing():
    with pytest.raises(TemplateFault, match="a or b"):
        render({"x": "{a|b}"}, {})
    with pytest.raises(TemplateFault, match="no text"):
        render_text("/{a}", {"a": {}})
