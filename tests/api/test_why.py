"""Why isn't it running? One test a cause."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from haulage.domain.holdup import Holdup, HoldupKind
from haulage.domain.outcome import ErrorInfo, Failed, Retry, Snooze
from haulage.engine.services import Services
from haulage.storage.job_sql import ISOLATE_AFTER
from tests.api.conftest import Submit, Worker, assert_problem
from tests.factories import Hand


async def causes(http: httpx.AsyncClient, job_id: str) -> list[dict[str, Any]]:
    answer = await http.get(f"/api/v1/jobs/{job_id}/why")
    assert answer.status_code == 200, answer.text
    return answer.json()["causes"]  # type: ignore[no-any-return]


async def codes(http: httpx.AsyncClient, job_id: str) -> list[str]:
    return [one["code"] for one in await causes(http, job_id)]


async def test_a_job_for_later_says_when(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    job = await submit(run_at="2030-06-01T06:30:00Z")
    (cause,) = await causes(http, job["id"])
    assert (cause["code"], cause["until"]) == ("scheduled", "2030-06-01T06:30:00Z")
    assert cause["message"] == "It was submitted to run at 2030-06-01 06:30:00 UTC."


async def test_without_a_worker_the_command_that_starts_one_is_named(
    http: httpx.AsyncClient, submit: Submit
) -> None:
    cause, turn = await causes(http, (await submit())["id"])
    assert cause["code"] == "no_worker"
    assert "haulage worker --queues io" in cause["message"]
    assert turn["code"] == "on_its_way"


async def test_a_paused_queue_says_by_whom_and_why(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    await http.post("/api/v1/queues/io/pause", json={"reason": "new model"})
    cause, *_ = await causes(http, (await submit())["id"])
    assert cause["code"] == "queue_paused"
    assert cause["details"]["reason"] == "new model"
    assert "anonymous@203.0.113.7" in cause["message"]


async def test_a_suspect_says_that_it_waits_for_a_process_of_its_own(
    http: httpx.AsyncClient, submit: Submit, worker: Worker, services: Services
) -> None:
    cpu = await Hand.hired(services, pool="cpu", queues=["cpu"])
    ids = [UUID((await submit())["id"]) for _ in range(2)]
    for _ in range(ISOLATE_AFTER):
        hand = await Hand.hired(services)
        await hand.claim_all(*ids)
        await hand.dies()
        await services.dispatch.rescue_orphans(limit=10)
        await services.dispatch.promote_due(limit=10)
    await services.dispatch.take_unrung("io", limit=1)
    (cause,) = await causes(http, str(ids[0]))
    assert (cause["code"], cause["details"]["worker_deaths"]) == ("isolated", ISOLATE_AFTER)
    assert await codes(http, str(ids[1])) == ["behind"]
    await cpu.claim(ids[0])
    assert await codes(http, str(ids[0])) == ["running"]


async def test_a_job_in_the_queue_says_how_many_are_ahead(
    http: httpx.AsyncClient, submit: Submit, worker: Worker, services: Services
) -> None:
    ids = [(await submit())["id"] for _ in range(3)]
    await http.post("/api/v1/queues/io/pause", json={})
    await http.post("/api/v1/queues/io/resume")  # nothing is rung any more
    last = (await causes(http, ids[-1]))[-1]
    assert (last["code"], last["details"]["rung"], last["details"]["earlier"]) == ("behind", 0, 2)
    first = (await causes(http, ids[0]))[-1]
    assert first["details"]["earlier"] == 0
    assert first["message"].startswith("None of yours comes before it in the queue 'io'")


async def test_a_retry_says_what_failed_and_when_it_goes_on(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    job = await submit()
    lease = await worker.claim(job["id"])
    error = ErrorInfo("rate_limited", "The model is busy.", retryable=True)
    await worker.settle(lease, Retry(90.0, error))
    (cause,) = await causes(http, job["id"])
    assert (cause["code"], cause["until"]) == ("retry", "2030-01-01T12:01:30Z")
    assert cause["details"]["error"] == {"code": "rate_limited", "message": "The model is busy."}
    assert cause["message"] == (
        "Attempt 1 of 4 failed: rate_limited: The model is busy. "
        "The next begins at 2030-01-01 12:01:30 UTC."
    )


async def test_a_snooze_and_an_unknown_type_are_told_apart(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    snoozed, unknown = await submit(), await submit()
    await worker.settle(await worker.claim(snoozed["id"]), Snooze(60.0))
    await worker.settle(await worker.claim(unknown["id"]), Snooze(5.0, reason="unknown_type"))
    assert await codes(http, snoozed["id"]) == ["snoozed"]
    (cause,) = await causes(http, unknown["id"])
    assert cause["code"] == "unknown_type"
    assert "'speak'" in cause["message"]
    without = await submit()
    await worker.settle(await worker.claim(without["id"]), Snooze(5.0, reason="unknown_key"))
    (cause,) = await causes(http, without["id"])
    assert (cause["code"], "HAULAGE_PAYLOAD_KEYS" in cause["message"]) == ("unknown_key", True)


async def test_a_parked_job_says_which_limit_and_for_how_long(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    job = await submit()
    holdup = Holdup(HoldupKind.LIMIT, "openai", "tokens per minute of model gpt-4o")
    await worker.settle(await worker.claim(job["id"]), Snooze(95.0, "limit", holdup=holdup))
    (cause,) = await causes(http, job["id"])
    assert (cause["code"], cause["until"]) == ("limit", "2030-01-01T12:01:35Z")
    assert "openai is at its limit of tokens per minute of model gpt-4o" in cause["message"]
    assert "1 min 35 s from now" in cause["message"]
    assert cause["details"] == {
        "kind": "limit",
        "pool": "openai",
        "limit": "tokens per minute of model gpt-4o",
        "wait_s": 95.0,
    }


@pytest.mark.parametrize("kind", HoldupKind)
async def test_every_kind_of_wait_has_words_of_its_own(
    http: httpx.AsyncClient, submit: Submit, worker: Worker, kind: HoldupKind
) -> None:
    job = await submit()
    holdup = Holdup(kind, "openai")
    await worker.settle(await worker.claim(job["id"]), Snooze(60.0, kind.value, holdup=holdup))
    (cause,) = await causes(http, job["id"])
    assert cause["code"] == kind
    assert "openai" in cause["message"]


async def test_a_job_that_runs_or_is_over_says_so(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    job = await submit()
    lease = await worker.claim(job["id"])
    (cause,) = await causes(http, job["id"])
    assert cause["code"] == "running"
    assert UUID(cause["details"]["worker_id"]) == worker.id
    await worker.stop(lease)
    assert await codes(http, job["id"]) == ["over"]


async def test_a_failed_job_says_what_it_failed_of(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    job = await submit()
    error = ErrorInfo("no_such_page", f"There is no page 7 {'x' * 300}", retryable=False)
    await worker.settle(await worker.claim(job["id"]), Failed(error))
    (cause,) = await causes(http, job["id"])
    assert ": no_such_page: There is no page 7 x" in cause["message"]
    assert cause["message"].endswith("x ….")
    assert cause["details"]["error"]["message"] == error.message


async def test_an_unknown_job_is_404(http: httpx.AsyncClient) -> None:
    assert_problem(await http.get("/api/v1/jobs/x/why"), 404, "not_found")


async def test_a_tenant_at_its_cap_says_so(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    caps = {"per_tenant": {"concurrency": 1}}
    assert (await http.put("/api/v1/limits/running", json=caps)).status_code == 200
    running, waiting = await submit(), await submit()
    await worker.claim(running["id"])
    cause, _ = await causes(http, waiting["id"])
    assert (cause["code"], cause["details"]) == ("tenant_cap", {"running": 1, "cap": 1})
    assert "at its cap (1 of 1 running)" in cause["message"]
