"""A job's finished steps over HTTP."""

import httpx
import pytest

from haulage.domain.job import Lease
from haulage.engine.services import Services
from haulage.storage.step_store import FinishedStep
from tests.api.conftest import Submit, Worker, assert_problem


async def finish(services: Services, lease: Lease, name: str, value: str) -> None:
    kept = await services.blobs.keep(value)
    step = FinishedStep(lease, f"{name}:1", name, value, 0.25, kept.ref)
    assert await services.steps.save([step]) == [True]


async def test_steps_are_listed_in_the_order_they_were_finished_in(
    http: httpx.AsyncClient, submit: Submit, worker: Worker, services: Services, clock
) -> None:
    job_id = (await submit())["id"]
    lease = await worker.claim(job_id)
    for name in ("b", "a", "c"):
        await finish(services, lease, name, '{"n":1.0}')
        clock.advance(seconds=1)
    url = f"/api/v1/jobs/{job_id}/steps"
    page = (await http.get(url)).json()
    assert [one["name"] for one in page["data"]] == ["b", "a", "c"]
    assert page["data"][0] == {
        "name": "b", "key": "b:1", "fence": 1, "duration_s": 0.25,
        "finished_at": "2030-01-01T12:00:00Z", "size": 9, "value": {"n": 1.0},
    }  # fmt: skip
    assert page["next"] is None


async def test_pages_of_steps_join_without_gap(
    http: httpx.AsyncClient, submit: Submit, worker: Worker, services: Services
) -> None:
    job_id = (await submit())["id"]
    lease = await worker.claim(job_id)
    # All in one moment of a clock that stands still.
    for number in range(5):
        await finish(services, lease, f"s{number}", "1")
    seen, cursor = [], None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await http.get(f"/api/v1/jobs/{job_id}/steps", params=params)).json()
        seen += [one["name"] for one in page["data"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["s0", "s1", "s2", "s3", "s4"]


@pytest.mark.parametrize("size", [5_000, 300_000])
async def test_a_large_value_is_left_out_and_its_size_told(
    http: httpx.AsyncClient, submit: Submit, worker: Worker, services: Services, size: int
) -> None:
    job_id = (await submit())["id"]
    await finish(services, await worker.claim(job_id), "big", f'"{"x" * size}"')
    (step,) = (await http.get(f"/api/v1/jobs/{job_id}/steps")).json()["data"]
    assert (step["value"], step["size"]) == (None, size + 2)


async def test_a_cursor_of_another_jobs_steps_is_400(
    http: httpx.AsyncClient, submit: Submit, worker: Worker, services: Services
) -> None:
    ids = [(await submit())["id"] for _ in range(2)]
    lease = await worker.claim(ids[0])
    for name in ("a", "b"):
        await finish(services, lease, name, "1")
    first = await http.get(f"/api/v1/jobs/{ids[0]}/steps", params={"limit": 1})
    cursor = first.json()["next"]
    for asked in (cursor, "x", cursor[:-4]):
        url = f"/api/v1/jobs/{ids[1]}/steps"
        assert_problem(await http.get(url, params={"cursor": asked}), 400, "invalid_cursor")


async def test_a_job_without_steps_has_an_empty_page(
    http: httpx.AsyncClient, submit: Submit
) -> None:
    job_id = (await submit())["id"]
    assert (await http.get(f"/api/v1/jobs/{job_id}/steps")).json() == {"data": [], "next": None}
