"""A database whose job types are published, and connections of a caller's own."""

from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from pydantic import BaseModel

from haulage.domain.context import BlockingContext, Context
from haulage.domain.job_type import Policy, Registry, job_type
from haulage.engine.services import Services
from haulage.storage.type_store import TypeStore

QUEUES = {"io": "io", "cpu": "cpu", "slow": "io"}


class Invoice(BaseModel):
    order: int


@pytest.fixture
def registry() -> Registry:
    """Not the one that `submit_in` looks into: a caller knows no types unless it imports them."""
    registry = Registry()

    @job_type(
        "invoice", policy=Policy(max_attempts=7, max_crashes=2, timeout_s=9), registry=registry
    )
    async def invoice(input: Invoice, ctx: Context) -> str:
        return f"order {input.order}"

    @job_type("count", registry=registry)
    def count(input: Invoice, ctx: BlockingContext) -> int:
        return 0

    @job_type("translate", policy=Policy(price_credits=3), registry=registry)
    async def translate(input: Invoice, ctx: Context) -> str:
        return ""

    return registry


@pytest.fixture
async def published(services: Services) -> Services:
    """Services of a Haulage that has started once."""
    await TypeStore(services.database, services.clock).publish(services.registry, QUEUES)
    return services


@pytest.fixture
def caller(published: Services, database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url) as connection:
        yield connection


@pytest.fixture
async def async_caller(
    published: Services, database_url: str
) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        yield connection
