"""Events: each job's sequence has no gap and no double, whoever writes at once."""

import asyncio
import json
from uuid import UUID

from haulage.domain.ids import uuid7
from haulage.domain.job import EventKind, Lease
from haulage.engine.services import Services
from haulage.storage.event_store import Note
from tests.factories import DONE, Hand, history, queued, retry, row


def log(lease: Lease, text: str = "hello") -> Note:
    return Note(lease, EventKind.LOG, json.dumps({"message": text, "fields": {}}))


def progress(lease: Lease, percent: float) -> Note:
    return Note(
        lease,
        EventKind.PROGRESS,
        json.dumps({"percent": percent, "step": None, "done": 0, "failed": 0, "total": None}),
    )


async def leased(services: Services, count: int) -> tuple[Hand, list[Lease]]:
    hand = await Hand.hired(services)
    return hand, await hand.claim_all(*[await queued(services) for _ in range(count)])


async def test_notes_follow_in_their_order(services: Services) -> None:
    hand, [lease] = await leased(services, 1)
    notes = [log(lease, "a"), progress(lease, 10.0), log(lease, "b"), progress(lease, 20.0)]
    assert await services.events.append(notes) == [True] * 4
    await hand.settle(lease, DONE)
    told = [one.get("message", one.get("percent")) for one in await history(services, lease.job_id)]
    assert told == [None, None, "a", 10.0, "b", 20.0, None]
    assert (await row(services, lease.job_id))["progress"]["percent"] == 20.0


async def test_a_log_line_leaves_the_progress_as_it_was(services: Services) -> None:
    _, [lease] = await leased(services, 1)
    await services.events.append([progress(lease, 10.0)])
    await services.events.append([log(lease)])
    assert (await row(services, lease.job_id))["progress"]["percent"] == 10.0


async def test_nothing_is_noted_after_the_lease_is_lost(services: Services) -> None:
    hand, [lease] = await leased(services, 1)
    await hand.settle(lease, retry(0.0))
    assert await services.events.append([progress(lease, 50.0)]) == [False]
    await services.dispatch.promote_due(limit=1)
    await hand.claim(lease.job_id)
    assert await services.events.append([progress(lease, 50.0)]) == [False]
    assert (await row(services, lease.job_id))["progress"] is None
    assert [one["kind"] for one in await history(services, lease.job_id)] == ["state"] * 5


async def test_a_lost_lease_harms_no_note_beside_it(services: Services) -> None:
    hand, [stale, sound] = await leased(services, 2)
    await hand.settle(stale, DONE)
    assert await services.events.append([log(stale), log(sound), log(stale)]) == [
        False,
        True,
        False,
    ]
    assert [one["kind"] for one in await history(services, sound.job_id)][-1] == "log"


async def test_notes_of_a_lost_attempt_take_no_place_among_those_of_the_next(
    services: Services,
) -> None:
    hand, [old] = await leased(services, 1)
    await hand.settle(old, retry(0.0))
    await services.dispatch.promote_due(limit=1)
    new = await hand.claim(old.job_id)
    batch = [progress(old, 90.0), log(new, "1"), log(old, "x"), log(new, "2"), progress(old, 95.0)]
    assert await services.events.append(batch) == [False, True, False, True, False]
    told = [one.get("message") for one in await history(services, old.job_id)]
    assert told[-2:] == ["1", "2"]
    assert "x" not in told
    assert (await row(services, old.job_id))["progress"] is None


async def test_writers_at_once_leave_neither_gap_nor_double(services: Services) -> None:
    hand, leases = await leased(services, 5)

    async def report(lease: Lease, place: int) -> bool:
        [landed] = await services.events.append([progress(lease, float(place))])
        return landed

    async def end(lease: Lease) -> bool:
        await asyncio.sleep(0)
        return await hand.settle(lease, DONE)

    written = await asyncio.gather(
        *(report(lease, place) for place in range(12) for lease in leases),
        *(end(lease) for lease in leases),
        *(services.jobs.cancel([lease.job_id], tenant=None, by="a") for lease in leases),
    )
    landed = sum(answer is True for answer in written[: 12 * 5])
    kinds = [one["kind"] for lease in leases for one in await history(services, lease.job_id)]
    assert kinds.count("progress") == landed
    assert kinds.count("state") == 3 * 5


async def test_batched_writers_at_once_leave_neither_gap_nor_double(services: Services) -> None:
    _, leases = await leased(services, 20)
    notes = [log(lease, str(place)) for place in range(25) for lease in leases]
    assert all(await asyncio.gather(*(services.notes.submit(note) for note in notes)))
    for lease in leases:
        told = [one.get("message") for one in await history(services, lease.job_id)]
        assert told[2:] == [str(place) for place in range(25)]


async def test_a_reader_goes_on_after_any_place(services: Services) -> None:
    _, [first, second] = await leased(services, 2)
    await services.events.append([log(first, str(place)) for place in range(10)])

    async def seqs(positions: dict[UUID, int], limit: int = 1000) -> dict[UUID, list[int]]:
        found = await services.events.after(positions, limit=limit)
        return {job_id: [event.seq for event in events] for job_id, events in found.items()}

    assert await seqs({first.job_id: 9}) == {first.job_id: [10, 11, 12]}
    assert await seqs({first.job_id: 0, second.job_id: 1}, limit=2) == {
        first.job_id: [1, 2],
        second.job_id: [2],
    }
    assert await seqs({first.job_id: 12, uuid7(): 0}) == {}
    assert await seqs({}) == {}
