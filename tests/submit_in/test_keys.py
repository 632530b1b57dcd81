"""Idempotency keys of submits in a transaction, alone and beside those of HTTP."""

import asyncio
from typing import Any

import psycopg
import pytest

from haulage import submit_in
from haulage.domain.clock import SystemClock
from haulage.domain.errors import (
    IdempotencyConflict,
    IdempotencyMismatch,
)
from haulage.engine.services import Services
from haulage.storage.idempotency_store import IdempotencyStore, Keyed
from tests.factories import new_job


async def test_a_key_finds_the_job_of_the_first_time(
    published: Services, caller: psycopg.Connection
) -> None:
    first = submit_in(caller, "invoice", {"order": 1}, idempotency_key="order-1")
    assert submit_in(caller, "invoice", {"order": 1}, idempotency_key="order-1") == first
    caller.commit()
    assert submit_in(caller, "invoice", {"order": 1}, idempotency_key="order-1") == first
    assert submit_in(caller, "invoice", {"order": 1}, idempotency_key="order-2") != first


async def test_who_comes_second_with_a_key_waits_for_the_first_ones_fate(
    caller: psycopg.Connection, async_caller: psycopg.AsyncConnection
) -> None:
    first = submit_in(caller, "invoice", {"order": 1}, idempotency_key="k")
    second = asyncio.ensure_future(
        submit_in(async_caller, "invoice", {"order": 1}, idempotency_key="k")
    )
    await asyncio.wait({second}, timeout=0.05)
    assert not second.done()
    caller.rollback()
    assert await second != first


@pytest.mark.parametrize(
    "other", [{"input": {"order": 2}}, {"priority": "low"}, {"tags": ["a"]}], ids=str
)
async def test_a_key_with_another_submit_is_refused(
    caller: psycopg.Connection, other: dict[str, Any]
) -> None:
    submit_in(caller, "invoice", {"order": 1}, idempotency_key="order-1")
    with pytest.raises(IdempotencyMismatch):
        submit_in(caller, "invoice", **{"input": {"order": 1}, **other}, idempotency_key="order-1")


async def test_keys_are_each_tenants_own(caller: psycopg.Connection) -> None:
    first = submit_in(caller, "invoice", {"order": 1}, idempotency_key="k", tenant="a")
    assert submit_in(caller, "invoice", {"order": 1}, idempotency_key="k", tenant="b") != first


async def test_a_key_is_forgotten_after_a_day(caller: psycopg.Connection) -> None:
    first = submit_in(caller, "invoice", {"order": 1}, idempotency_key="k")
    caller.execute("UPDATE idempotency_keys SET expires_at = now() - interval '1 second'")
    assert submit_in(caller, "invoice", {"order": 2}, idempotency_key="k") != first


async def test_http_is_told_that_a_key_is_under_way_and_then_that_it_is_taken(
    published: Services, caller: psycopg.Connection
) -> None:
    over_http = IdempotencyStore(published.database, SystemClock())
    submit_in(caller, "invoice", {"order": 1}, idempotency_key="k")
    with pytest.raises(IdempotencyConflict):
        await over_http.insert(Keyed("k", "digest", [new_job()], "default"))
    caller.commit()
    with pytest.raises(IdempotencyMismatch):
        await over_http.insert(Keyed("k", "digest", [new_job()], "default"))
