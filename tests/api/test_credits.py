"""Credits over HTTP: granted, quoted, reserved, refused, told."""

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from reportlab.pdfgen.canvas import Canvas

import haulage.handlers.read_book  # noqa: F401 - declares it
from haulage.accounts.prices import PriceBody, set_prices
from haulage.domain.job_type import REGISTRY, Policy, Registry, job_type
from haulage.domain.scope import Scope
from haulage.engine.services import Services
from haulage.settings import Settings
from tests.api.callers import Callers, callers
from tests.api.conftest import SpeakInput, assert_problem
from tests.conftest import TestClock
from tests.factories import DONE, FAILED, Hand

CREDITS = "/api/v1/credits"
JOBS = "/api/v1/jobs"


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    policy = Policy(price_credits=lambda given, _files: len(given.text) * given.times)

    @job_type("speak", policy=policy, example={"text": "hello"}, registry=registry)
    async def speak(input: SpeakInput, ctx: object) -> str:
        return input.text

    @job_type("flat", policy=Policy(price_credits=3), registry=registry)
    async def flat(input: SpeakInput, ctx: object) -> str:
        return input.text

    @job_type("free", registry=registry)
    async def free(input: SpeakInput, ctx: object) -> str:
        return input.text

    # One of Haulage's own, with a price by setting.
    registry.add(REGISTRY.get("read_book"))
    set_prices(registry, {"read_book": PriceBody(job=5, file=1, page=2)})
    return registry


def submit(text: str = "hello", type: str = "speak") -> dict[str, Any]:
    return {"type": type, "input": {"text": text}}


def pdf_of(pages: int) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    for page in range(pages):
        canvas.drawString(72, 720, f"page {page}")
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


async def granted(http: httpx.AsyncClient, amount: int, **more: Any) -> dict[str, Any]:
    answer = await http.post(f"{CREDITS}/grants", json={"amount": amount, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def balance(http: httpx.AsyncClient) -> dict[str, Any]:
    return (await http.get(CREDITS)).json()  # type: ignore[no-any-return]


async def test_without_an_account_nobody_is_charged(http: httpx.AsyncClient) -> None:
    assert await balance(http) == {
        "charged": False,
        "available": 0,
        "reserved": 0,
        "spent": 0,
        "next_expiry_at": None,
        "opened_at": None,
    }
    job = (await http.post(JOBS, json=submit())).json()
    assert job["credits"] is None


async def test_a_submit_reserves_its_price_and_a_result_costs_it(
    http: httpx.AsyncClient, services: Services
) -> None:
    await granted(http, 20)
    job = (await http.post(JOBS, json=submit("seven!!"))).json()
    assert job["credits"] == {"price": 7, "cost": None}
    told = await balance(http)
    assert (told["charged"], told["available"], told["reserved"]) == (True, 13, 7)
    await (await Hand.hired(services)).run(UUID(job["id"]), DONE)
    shown = (await http.get(f"{JOBS}/{job['id']}")).json()
    assert shown["credits"] == {"price": 7, "cost": 7}
    assert (await balance(http))["spent"] == 7


async def test_what_a_job_would_cost_is_told_before_it_is_submitted(
    http: httpx.AsyncClient,
) -> None:
    async def quoted(body: dict[str, Any]) -> dict[str, Any]:
        return (await http.post(f"{CREDITS}/quote", json=body)).json()  # type: ignore[no-any-return]

    assert await quoted(submit("seven!!")) == {
        "type": "speak",
        "credits": 7,
        "charged": False,
        "available": 0,
        "suffices": True,
        "lacking": 0,
    }
    await granted(http, 5)
    told = await quoted(submit("seven!!"))
    assert (told["suffices"], told["available"], told["lacking"]) == (False, 5, 2)
    assert (await quoted(submit(type="free")))["credits"] == 0
    assert (await balance(http))["available"] == 5
    wrong = await http.post(f"{CREDITS}/quote", json={"type": "speak", "input": {}})
    assert_problem(wrong, 422, "invalid_input")


async def test_a_job_type_of_haulages_own_is_quoted_by_its_file(http: httpx.AsyncClient) -> None:
    pdf = pdf_of(3)
    file = (await http.post("/api/v1/files", params={"name": "a.pdf"}, content=pdf)).json()
    body = {"type": "read_book", "input": {"file": file["id"]}}
    told = (await http.post(f"{CREDITS}/quote", json=body)).json()
    assert (told["credits"], told["charged"]) == (5 + 1 + 3 * 2, False)
    await granted(http, 11)
    refused = assert_problem(await http.post(JOBS, json=body), 402, "insufficient_credits")
    assert refused["needed"] == told["credits"]
    await granted(http, 1)
    job = (await http.post(JOBS, json=body)).json()
    assert job["credits"] == {"price": 12, "cost": None}


async def test_a_balance_that_does_not_suffice_is_refused_and_says_what_is_lacking(
    http: httpx.AsyncClient,
) -> None:
    await granted(http, 6)
    refused = assert_problem(
        await http.post(JOBS, json=submit("seven!!")), 402, "insufficient_credits"
    )
    assert (refused["needed"], refused["available"], refused["lacking"]) == (7, 6, 1)
    batch = {"jobs": [submit("four"), submit(type="flat")]}
    refused = assert_problem(
        await http.post(f"{JOBS}/batch", json=batch), 402, "insufficient_credits"
    )
    assert refused["needed"] == 7
    assert (await http.get(JOBS)).json()["data"] == []
    assert (await http.post(JOBS, json=submit(type="free"))).status_code == 202


async def test_an_idempotency_key_reserves_once(http: httpx.AsyncClient) -> None:
    await granted(http, 10)
    for _ in range(2):
        answer = await http.post(JOBS, json=submit(), headers={"Idempotency-Key": "k"})
        assert answer.json()["credits"] == {"price": 5, "cost": None}
    assert (await balance(http))["reserved"] == 5


async def test_a_retry_that_cannot_be_paid_is_refused(
    http: httpx.AsyncClient, services: Services
) -> None:
    await granted(http, 5)
    job = (await http.post(JOBS, json=submit())).json()
    await (await Hand.hired(services)).run(UUID(job["id"]), FAILED)
    await http.post(JOBS, json=submit(type="flat"))
    refused = await http.post(f"{JOBS}/{job['id']}/retry")
    assert_problem(refused, 402, "insufficient_credits")
    assert (await http.get(f"{JOBS}/{job['id']}")).json()["state"] == "failed"


async def test_entries_are_paged_and_filtered(http: httpx.AsyncClient, services: Services) -> None:
    await granted(http, 50)
    ids = [(await http.post(JOBS, json=submit())).json()["id"] for _ in range(3)]
    await (await Hand.hired(services)).run(UUID(ids[0]), DONE)
    first = (await http.get(f"{CREDITS}/entries", params={"limit": 3})).json()
    assert [one["kind"] for one in first["data"]] == ["charge", "reserve", "reserve"]
    rest = {"limit": 3, "cursor": first["next"]}
    second = (await http.get(f"{CREDITS}/entries", params=rest)).json()
    assert [one["kind"] for one in second["data"]] == ["reserve", "grant"]
    assert second["next"] is None
    of_job = (await http.get(f"{CREDITS}/entries", params={"job": ids[0]})).json()["data"]
    assert [(one["source"], one["target"], one["amount"]) for one in of_job] == [
        ("reserved", "spent", 5),
        ("available", "reserved", 5),
    ]
    kinds = (await http.get(f"{CREDITS}/entries?kind=grant&kind=charge")).json()["data"]
    assert [one["kind"] for one in kinds] == ["charge", "grant"]
    foreign = {"cursor": first["next"], "kind": "grant"}
    refused = await http.get(f"{CREDITS}/entries", params=foreign)
    assert_problem(refused, 400, "invalid_cursor")


async def test_a_grant_under_a_reference_counts_once(http: httpx.AsyncClient) -> None:
    first = await granted(http, 5, reference="invoice 7", note="thanks")
    assert (await granted(http, 5, reference="invoice 7", note="thanks"))["id"] == first["id"]
    assert (await balance(http))["available"] == 5
    refused = await http.post(f"{CREDITS}/grants", json={"amount": 6, "reference": "invoice 7"})
    assert_problem(refused, 409, "grant_mismatch")


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 0},
        {"amount": -5},
        {"amount": 1.5},
        {"amount": 10**13},
        {"amount": True},
        {"amount": 5, "tenant": ""},
        {"amount": 5, "note": "a\u0000b"},
        {"amount": 5, "expires_at": "2001-01-01T00:00:00Z"},
        {"amount": 5, "to": "me"},
    ],
)
async def test_a_grant_that_makes_no_sense_is_refused(
    http: httpx.AsyncClient, wrong: dict[str, Any]
) -> None:
    answer = await http.post(f"{CREDITS}/grants", json=wrong)
    assert_problem(answer, 422, "invalid_input")
    assert not (await balance(http))["charged"]


async def test_what_expires_is_told_and_gone(http: httpx.AsyncClient, clock: TestClock) -> None:
    until = clock.now() + timedelta(hours=1)
    await granted(http, 5, expires_at=until.isoformat())
    assert (await balance(http))["next_expiry_at"] == "2030-01-01T13:00:00Z"
    clock.advance(hours=1)
    told = await balance(http)
    assert (told["available"], told["next_expiry_at"]) == (0, None)


async def test_the_audit_of_sound_books_finds_nothing(http: httpx.AsyncClient) -> None:
    await granted(http, 5)
    assert (await http.get(f"{CREDITS}/audit")).json() == {"data": []}


@pytest.fixture
async def gated(settings: Settings, services: Services) -> AsyncIterator[Callers]:
    async with callers(settings, services) as made:
        yield made


async def test_each_tenant_has_its_own_books(gated: Callers) -> None:
    admin = await gated.of(Scope.ADMIN)
    await granted(admin, 5, tenant="beta")
    acme = await gated.of(Scope.READ, Scope.SUBMIT, tenant="acme")
    beta = await gated.of(Scope.READ, Scope.SUBMIT, tenant="beta")
    assert not (await balance(acme))["charged"]
    assert (await balance(beta))["available"] == 5
    assert (await acme.get(f"{CREDITS}/entries")).json()["data"] == []
    assert (await acme.post(JOBS, json=submit("seven!!"))).status_code == 202
    assert (await beta.post(JOBS, json=submit("seven!!"))).status_code == 402
