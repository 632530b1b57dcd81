"""What is another tenant's does not exist: shown route by route, over the OpenAPI document.

Every operation of the document stands in exactly one group below. A new one fails
`test_every_operation_has_a_case` until somebody says which it is.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from haulage.api.app import RESOURCES
from haulage.domain.ids import uuid7
from haulage.domain.language_model import ModelUsage
from haulage.domain.limits import Asker, Estimate
from haulage.domain.scope import Scope
from haulage.engine.services import Services
from haulage.settings import Settings
from haulage.storage.usage_store import UsageStore, UsedCall
from tests.api.callers import Callers, callers
from tests.api.conftest import Worker, assert_problem
from tests.conftest import TestClock

V = "/api/v1"
JOB, SCHEDULE = f"{V}/jobs/{{job_id}}", f"{V}/schedules/{{schedule_id}}"
HOOK = f"{V}/webhooks/{{webhook_id}}"
FILE, BULK, KEY = f"{V}/files/{{file_id}}", f"{V}/bulk/{{bulk_id}}", f"{V}/keys/{{key_id}}"

# With another tenant's id: 404.
BY_ID = {
    ("GET", JOB), ("DELETE", JOB), ("POST", f"{JOB}/cancel"), ("POST", f"{JOB}/retry"),
    *(("GET", f"{JOB}/{part}") for part in (
        "attempts", "children", "files", "result", "logs", "steps", "why", "events", "stream")),
    ("POST", f"{V}/dead-letters/{{job_id}}/redrive"),
    ("POST", f"{V}/dead-letters/{{job_id}}/discard"),
    ("GET", FILE), ("GET", f"{FILE}/content"),
    ("GET", f"{FILE}/pages/{{page}}/image"), ("HEAD", f"{FILE}/content"),
    ("GET", BULK), ("POST", f"{BULK}/abort"),
    ("GET", SCHEDULE), ("DELETE", SCHEDULE),
    *(("POST", f"{SCHEDULE}/{verb}") for verb in ("pause", "resume", "run")),
    ("GET", HOOK), ("PATCH", HOOK), ("DELETE", HOOK), ("GET", f"{HOOK}/deliveries"),
    *(("POST", f"{HOOK}/{verb}") for verb in ("rotate", "test", "replay")),
    ("POST", f"{HOOK}/deliveries/{{delivery_id}}/replay"),
}  # fmt: skip
# One sees an empty list where the other sees a full one.
LISTS = {
    ("GET", f"{V}/{name}")
    for name in (
        "jobs",
        "dead-letters",
        "dead-letters/groups",
        "bulk",
        "schedules",
        "usage",
        "webhooks",
        "credits/entries",
    )
}
# Each has a test of its own below, by the same name.
APART = {
    ("GET", f"{V}/stats"), ("POST", f"{V}/bulk/preview"), ("POST", f"{V}/bulk"),
    ("POST", f"{V}/jobs"), ("POST", f"{V}/jobs/batch"), ("POST", f"{V}/files"),
    ("POST", f"{V}/schedules"), ("POST", f"{V}/webhooks"),
    ("GET", f"{V}/credits"), ("POST", f"{V}/credits/quote"),
    ("GET", f"{V}/limits"), ("GET", f"{V}/limits/{{name}}"),
    ("GET", f"{V}/workers"), ("GET", f"{V}/workers/{{worker_id}}"),
    ("GET", f"{V}/me"),
}  # fmt: skip
# Of the installation: counts over all tenants, no tenant's documents.
SHARED = {
    ("GET", "/health"), ("GET", "/ready"),
    ("GET", f"{V}/types"), ("GET", f"{V}/types/{{name}}"),
    ("GET", f"{V}/queues"), ("GET", f"{V}/queues/{{name}}"),
    ("GET", f"{V}/schedules/preview"),
}  # fmt: skip
# What all tenants share is changed by administrators alone.
ADMINS = {
    ("GET", "/metrics"), ("GET", f"{V}/audit"),
    *(("POST", f"{V}/queues/{{name}}/{verb}") for verb in ("pause", "resume")),
    ("POST", f"{V}/workers/{{worker_id}}/drain"),
    ("PUT", f"{V}/limits/{{name}}"), ("DELETE", f"{V}/limits/{{name}}"),
    ("POST", f"{V}/limits/{{name}}/breaker/close"),
    ("GET", f"{V}/keys"), ("POST", f"{V}/keys"), ("GET", KEY), ("DELETE", KEY),
    ("POST", f"{KEY}/rotate"),
    ("POST", f"{V}/credits/grants"), ("GET", f"{V}/credits/audit"),
}  # fmt: skip
HOOKED = {"name": "orders", "url": "https://example.org/"}
GROUPS = (BY_ID, LISTS, APART, SHARED, ADMINS)
OWN = (Scope.READ, Scope.SUBMIT, Scope.OPERATE)


@dataclass
class Two:
    """`ours` has one of everything, by `ids`; `theirs` is another tenant with all its rights."""

    callers: Callers
    ours: httpx.AsyncClient
    theirs: httpx.AsyncClient
    ids: dict[str, str]


@pytest.fixture
async def two(settings: Settings, services: Services, worker: Worker) -> AsyncIterator[Two]:
    async with callers(settings, services) as made:
        ours, theirs = await made.of(*OWN, tenant="acme"), await made.of(*OWN, tenant="beta")
        job = (await ours.post(f"{V}/jobs", json=speak())).json()["id"]
        await worker.fail(job)
        file = (await ours.post(f"{V}/files?name=a.txt", content=b"words")).json()["id"]
        order = {"action": "discard", "filter": {"type": ["keep"]}}
        bulk = (await ours.post(f"{V}/bulk", json=order)).json()["id"]
        schedule = (await ours.post(f"{V}/schedules", json=nightly())).json()["id"]
        hook = (await ours.post(f"{V}/webhooks", json=HOOKED)).json()["id"]
        delivery = (await ours.post(f"{V}/webhooks/{hook}/test")).json()["id"]
        now = services.clock.now()
        call = UsedCall(uuid7(), now, "acme", "openai", "m", ModelUsage(1, 10, 5, 0.25))
        await UsageStore(services.database).add([call])
        await services.till.grant("acme", 50, by="ann")
        yield Two(
            made,
            ours,
            theirs,
            {
                "job_id": job,
                "file_id": file,
                "page": "1",
                "bulk_id": bulk,
                "schedule_id": schedule,
                "webhook_id": hook,
                "delivery_id": delivery,
            },
        )


def speak(**options: object) -> dict[str, object]:
    return {"type": "speak", "input": {"text": "hello"}, **options}


def nightly(name: str = "nightly") -> dict[str, object]:
    return {"name": name, "cron": "0 3 * * *", **speak()}


async def test_every_operation_has_a_case(two: Two) -> None:
    document = (await two.ours.get("/openapi.json")).json()
    operations = {
        (method.upper(), path)
        for path, those in document["paths"].items()
        for method in those
        if method in ("get", "post", "put", "patch", "delete", "head")
    }
    undocumented = {
        (method, route.path)
        for resource in RESOURCES
        for route in resource.router.routes
        for method in getattr(route, "methods", ())
    } - operations
    assert undocumented <= {("GET", "/asyncapi.json"), ("HEAD", f"{FILE}/content")}
    cased = [case for group in GROUPS for case in group]
    assert len(cased) == len(set(cased)), "each operation is in one group"
    assert set(cased) - {("HEAD", f"{FILE}/content")} == operations - {("HEAD", f"{FILE}/content")}


async def test_ids_of_other_tenants_do_not_exist(two: Two) -> None:
    for method, path in sorted(BY_ID):
        url = path.format(**two.ids)
        # A stream of a job that is there would go on: only its beginning is looked at.
        async with two.theirs.stream(method, url) as answer:
            assert answer.status_code == 404, f"{method} {path}"
            if method != "HEAD":
                await answer.aread()
                assert_problem(answer, 404, "not_found")


async def test_their_admin_does_not_see_them_either(two: Two) -> None:
    admin = await two.callers.of(Scope.ADMIN, tenant="beta")
    for method, path in sorted(BY_ID):
        answer = await admin.request(method, path.format(**two.ids))
        assert answer.status_code == 404, f"{method} {path}"


async def test_what_is_refused_to_others_is_there_for_its_owner(two: Two) -> None:
    """Or the tests above would hold for ids that are nobody's."""
    for part in ("", "/attempts", "/children", "/files", "/logs", "/steps", "/why"):
        assert (await two.ours.get(JOB.format(**two.ids) + part)).status_code == 200, part
    for path in (FILE, BULK, SCHEDULE, HOOK):
        assert (await two.ours.get(path.format(**two.ids))).status_code == 200, path


async def test_lists_show_only_ones_own(two: Two) -> None:
    for _, path in sorted(LISTS):
        assert (await two.ours.get(path)).json()["data"], f"{path} shows ours nothing"
        assert (await two.theirs.get(path)).json()["data"] == [], path


async def test_statistics_count_only_ones_own(two: Two, services: Services) -> None:
    shown = (await two.theirs.get(f"{V}/stats")).json()
    assert shown["total"]["submitted"] == shown["total"]["failed"] == 0


async def test_bulk_operations_mean_only_ones_own(two: Two, clock: TestClock) -> None:
    clock.advance(seconds=1)
    order = {"action": "discard", "filter": {"all": True}}
    assert (await two.ours.post(f"{V}/bulk/preview", json=order)).json()["count"] == 1
    preview = (await two.theirs.post(f"{V}/bulk/preview", json=order)).json()
    assert (preview["count"], preview["sample"]) == (0, [])
    begun = (await two.theirs.post(f"{V}/bulk", json=order)).json()["id"]
    assert (await two.ours.get(f"{V}/bulk/{begun}")).status_code == 404


async def test_what_one_makes_is_ones_own(two: Two) -> None:
    made = [
        (await two.theirs.post(f"{V}/jobs", json=speak()), f"{V}/jobs/{{}}"),
        (await two.theirs.post(f"{V}/files?name=b", content=b"theirs"), f"{V}/files/{{}}"),
        (await two.theirs.post(f"{V}/schedules", json=nightly()), f"{V}/schedules/{{}}"),
        (await two.theirs.post(f"{V}/webhooks", json=HOOKED), f"{V}/webhooks/{{}}"),
    ]
    for answer, url in made:
        assert answer.status_code in (201, 202), answer.text
        assert (await two.theirs.get(url.format(answer.json()["id"]))).status_code == 200
        assert (await two.ours.get(url.format(answer.json()["id"]))).status_code == 404
    batch = (await two.theirs.post(f"{V}/jobs/batch", json={"jobs": [speak()]})).json()
    assert (await two.ours.get(f"{V}/jobs/{batch['jobs'][0]['id']}")).status_code == 404


async def test_everybody_is_told_of_themselves_alone(two: Two) -> None:
    for client, tenant in ((two.ours, "acme"), (two.theirs, "beta")):
        assert (await client.get(f"{V}/me")).json()["tenant"] == tenant


async def test_an_idempotency_key_is_ones_own(two: Two) -> None:
    headers = {"Idempotency-Key": "same"}
    first = (await two.ours.post(f"{V}/jobs", json=speak(), headers=headers)).json()
    second = await two.theirs.post(f"{V}/jobs", json=speak(), headers=headers)
    assert second.headers["idempotency-replayed"] == "false"
    assert second.json()["id"] != first["id"]


async def test_a_cursor_of_another_tenant_is_refused(two: Two) -> None:
    for _ in range(2):
        await two.ours.post(f"{V}/jobs", json=speak())
    cursor = (await two.ours.get(f"{V}/jobs?limit=1")).json()["next"]
    answer = await two.theirs.get(f"{V}/jobs", params={"limit": 1, "cursor": cursor})
    assert_problem(answer, 400, "invalid_cursor")


async def test_workers_show_only_ones_own_jobs(two: Two, worker: Worker) -> None:
    job = (await two.ours.post(f"{V}/jobs", json=speak())).json()["id"]
    await worker.claim(job)
    for url in (f"{V}/workers", f"{V}/workers/{worker.id}"):
        assert job in (await two.ours.get(url)).text
        assert job not in (await two.theirs.get(url)).text


async def test_limits_show_ones_own_use_and_the_whole(two: Two) -> None:
    admin = await two.callers.of(Scope.ADMIN)
    pool = {
        "requests_per_minute": 100,
        "per_tenant": {"requests_per_minute": 50},
        "tenants": {"acme": {"requests_per_minute": 60}, "gamma": {"requests_per_minute": 70}},
    }
    assert (await admin.put(f"{V}/limits/p", json=pool)).status_code == 200
    limiter = two.callers.api.app.state.deps.limits.limiter
    for tenant in ("acme", "gamma"):
        async with limiter.hold("p", Estimate(), Asker(tenant=tenant)):
            pass
    assert "gamma" in (await admin.get(f"{V}/limits/p")).text
    for url in (f"{V}/limits", f"{V}/limits/p"):
        ours, theirs = (await two.ours.get(url)).text, (await two.theirs.get(url)).text
        assert "gamma" not in ours + theirs
        assert "acme" in ours
        assert "acme" not in theirs


async def test_what_all_share_is_for_administrators(two: Two) -> None:
    for method, path in sorted(ADMINS):
        answer = await two.ours.request(method, path)
        assert answer.status_code == 403, f"{method} {path}"


async def test_credits_are_ones_own(two: Two) -> None:
    for client, available in ((two.ours, 50), (two.theirs, 0)):
        assert (await client.get(f"{V}/credits")).json()["available"] == available
        quoted = await client.post(f"{V}/credits/quote", json=speak())
        assert quoted.json()["available"] == available
