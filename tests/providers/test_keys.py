"""A key is in the request's header and nowhere else, however a call fails."""

import logging
from dataclasses import replace
from random import Random
from uuid import UUID

import httpx
import psycopg
import pytest
import redis
from prometheus_client import generate_latest
from pydantic import BaseModel, SecretStr
from simulated_provider import GOOD_KEY, Running

from haulage.domain.context import Context
from haulage.engine.executor import Executor
from haulage.engine.services import Services
from haulage.providers.keys import Key
from haulage.settings import Settings, load
from haulage.storage import tables
from tests.api.conftest import running_api
from tests.conftest import TestClock
from tests.engine.conftest import Bench
from tests.factories import queued, row
from tests.providers.conftest import Desks, settings_for

WORDS = [
    "ok", "keyecho", "401", "400", "404", "429", "500", "quota", "half", "html", "list", "bomb",
    "close", "hang", "error200", "error200:401", "misfit", "refuse", "liar", "nothing", "cut",
]  # fmt: skip
PROVIDERS = ["openai", "openrouter", "other", "gemini"]


class Person(BaseModel):
    name: str


@pytest.fixture
def bench(services: Services, clock: TestClock, desks: Desks) -> Bench:
    """Attempts with a gateway that holds the planted key."""
    gateway = desks.open(timeout_s=0.2).gateway
    with_models = replace(services, models=gateway)
    made = Bench(with_models, clock, Random(1))
    made.executor = Executor(with_models, random=Random(1))
    return made


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    return load(
        {
            "HAULAGE_DATABASE_URL": database_url,
            "HAULAGE_REDIS_URL": redis_url,
            "HAULAGE_PROVIDERS_OPENAI_API_KEY": GOOD_KEY,
        }
    )


def stored(url: str) -> str:
    """Every row of every table."""
    with psycopg.connect(url) as connection:
        rows = [
            str(one)
            for table in tables.metadata.sorted_tables
            for one in connection.execute(f"SELECT t::text FROM {table.name} t").fetchall()
        ]
    return "\n".join(rows)


async def answered(settings: Settings, services: Services, jobs: list[UUID]) -> str:
    """Every answer of the API that tells of these jobs, of the installation and of providers."""
    parts = ("", "/result", "/events", "/logs", "/steps", "/attempts", "/why")
    urls = [f"/api/v1/jobs/{job}{part}" for job in jobs for part in parts]
    lists = ("jobs", "dead-letters", "dead-letters/groups", "limits", "usage", "types", "stats")
    urls += [f"/api/v1/{name}" for name in (*lists, "queues", "workers", "limits/openai")]
    urls += ["/metrics", "/ready", "/openapi.json", "/api/v1/nowhere"]
    texts = []
    async with running_api(settings, services) as api:
        transport = httpx.ASGITransport(api.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://haulage.test") as http:
            await http.put("/api/v1/limits/openai", json={"requests_per_minute": 5})
            for url in urls:
                answer = await http.get(url)
                assert answer.status_code < 500 or url == "/ready", url
                texts += [answer.text, str(answer.headers)]
    return "\n".join(texts)


def kept_in(redis_url: str) -> str:
    """Everything that Redis holds."""
    with redis.Redis.from_url(redis_url) as client:
        return "\n".join(f"{key!r} {client.dump(key)!r}" for key in client.scan_iter())


async def test_a_planted_key_is_found_nowhere_after_failures_of_every_kind(
    bench: Bench,
    database_url: str,
    redis_url: str,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    chosen: list[str] = []

    async def handler(input: object, ctx: Context) -> str:
        return (await ctx.chat(chosen[-1], "hello", output=Person)).text

    bench.declare(handler, result=str)
    seen, jobs = [], []
    for provider in PROVIDERS:
        for word in WORDS:
            chosen.append(f"{provider}:do/{word}")
            job_id = await queued(bench.services, type="try", max_attempts=1)
            await bench.attempt(job_id)
            seen.append((await row(bench.services, job_id))["state"])
            if provider == PROVIDERS[0]:
                jobs.append(job_id)
    assert set(seen) == {"failed"}
    answers = await answered(settings, bench.services, jobs[::3])
    assert all(str(job_id) in answers for job_id in jobs[::3])
    printed = capsys.readouterr()
    places = {
        "answers": answers,
        "redis": kept_in(redis_url),
        "tables": stored(database_url),
        "logs": caplog.text,
        "printed": printed.out + printed.err,
        "metrics": generate_latest().decode(),
    }
    assert len(places["tables"]) > 10_000
    assert {name for name, text in places.items() if GOOD_KEY in text} == set()


async def test_settings_and_endpoints_do_not_show_a_key(provider: Running) -> None:
    settings = settings_for(provider)
    assert GOOD_KEY not in repr(settings)
    assert GOOD_KEY not in settings.model_dump_json()
    assert GOOD_KEY not in repr(Key(SecretStr(GOOD_KEY)))


@pytest.mark.parametrize(
    "said", ["wrong key sk-proj-abcdefghij", "AIzaSyA1234567890abc is not valid", "gsk-0123456789x"]
)
def test_what_looks_like_a_key_is_blotted_out_too(said: str) -> None:
    assert "***" in Key().blot(said)
    assert "0123456789" not in Key().blot(said)


async def test_a_password_in_an_address_is_not_shown(desks: Desks) -> None:
    desk = desks.open(ollama_base_url="http://me:hidden@127.0.0.1:9")
    with pytest.raises(Exception, match=r"127\.0\.0\.1:9") as caught:
        await desk.ask("ollama:m")
    assert "hidden" not in str(caught.value)
