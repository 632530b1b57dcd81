"""Pools as people write them, and which of their places wins."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from haulage.domain.limits import Asker, SetPool
from haulage.limits.book import PoolBook, Source
from haulage.limits.config import PoolBody, from_environment, from_file
from haulage.limits.limit import Limit, Measure, Period, Scope, Strategy
from haulage.settings import SettingsFault, load

FILE = """
[limits.openai]
requests_per_minute = 500
tokens_per_minute = {amount = 200_000, strategy = "bucket", burst = 50_000}
concurrency = 50
timezone = "Europe/Rome"

[limits.openai.per_tenant]
requests_per_day = {amount = 1_000, strategy = "fixed"}

[limits.openai.models."gpt-4o"]
tokens_per_minute = 30_000

[limits.openai.tenants.gold]
weight = 3
"""


class Stored:
    """What was set over HTTP."""

    def __init__(self, **documents: Any) -> None:
        self.documents = documents

    async def all(self) -> dict[str, SetPool]:
        at = datetime(2030, 1, 1, tzinfo=UTC)
        return {name: SetPool(one, str(one), "me", at) for name, one in self.documents.items()}

    async def set(self, name: str, document: Any, *, by: str, over: str | None = None) -> bool:
        return False

    async def remove(self, name: str, *, over: str | None = None) -> bool:
        return False


def test_a_file_means_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "haulage.toml").write_text(FILE)
    pool = from_file(tmp_path / "haulage.toml")["openai"].pool("openai")
    assert Limit(Measure.REQUESTS, 500, Period.MINUTE, timezone="Europe/Rome") in pool.limits
    assert pool.weights == {"gold": 3}
    own = {one.name: one for one in pool.limits_for(Asker("acme", model="gpt-4o"))}
    assert own["tokens per minute of model gpt-4o"].amount == 30_000
    daily = own["requests per day of each tenant"]
    assert (daily.strategy, daily.scope) == (Strategy.FIXED, Scope.TENANT)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[limits.openai]\nrequest_per_minute = 5", "limits.openai.request_per_minute"),
        ("[limits.openai]\nrequests_per_minute = 0", "limits.openai.requests_per_minute"),
        ('[limits.openai]\ntimezone = "Mars"', "there is no time zone 'Mars'"),
        ("[limits.openai", "can't be read"),
        ('[limits.openai]\ntypes = ["echo"]', "belong to a pool called `jobs:NAME`"),
        ("[limits.running]\nconcurrency = 5", "say `concurrency` in `per_tenant`"),
    ],
)
def test_a_fault_in_the_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "haulage.toml").write_text(text)
    with pytest.raises(SettingsFault, match=said):
        from_file(tmp_path / "haulage.toml")


def test_the_older_names_of_variables_work() -> None:
    settings = load({"RATE_LIMIT_PER_MINUTE": "7", "RATE_LIMIT_STRATEGY": "fixed"}).limits
    pool = from_environment(settings)["ai-tasks"].pool("ai-tasks")
    amounts = {one.period: (one.amount, one.strategy) for one in pool.limits}
    assert amounts[Period.MINUTE] == (7, Strategy.FIXED)
    assert amounts[Period.MONTH] == (7500, Strategy.FIXED)
    assert from_environment(load({"RATE_LIMIT_ENABLED": "false"}).limits) == {}


async def test_http_wins_over_the_file_and_the_file_over_the_environment() -> None:
    settings = load({}).limits
    one, two, three = (PoolBody(concurrency=number) for number in (1, 2, 3))
    book = PoolBook(
        settings,
        Stored(a=three.model_dump(exclude_defaults=True)),
        environment={"a": one, "b": one, "c": one},
        file={"a": two, "b": two},
    )
    await book.reload()
    assert {entry.name: (entry.source, entry.body.concurrency) for entry in book.entries()} == {
        "a": (Source.API, 3),
        "b": (Source.FILE, 2),
        "c": (Source.ENVIRONMENT, 1),
    }


async def test_a_pool_that_has_not_changed_is_the_same_object() -> None:
    book = PoolBook(load({}).limits, Stored(a={"concurrency": 1}), environment={}, file={})
    await book.reload()
    before = book.pool("a")
    await book.reload()
    assert book.pool("a") is before


async def test_a_document_that_cannot_be_read_leaves_what_was_in_force() -> None:
    stored = Stored(a={"concurrency": 1})
    book = PoolBook(load({}).limits, stored, environment={}, file={})
    await book.reload()
    stored.documents = {"a": {"of_a_newer_version": True}}
    await book.reload()
    assert book.pool("a").limits[0].amount == 1
