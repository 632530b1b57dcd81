"""The rest of what happens to jobs: families, decisions, idempotency keys, forgetting."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from haulage.domain.errors import IdempotencyConflict, IdempotencyMismatch
from haulage.domain.job import EventKind
from haulage.domain.lifecycle import REDRIVABLE, TERMINAL, State
from haulage.engine.control import Control
from haulage.storage.event_store import Note
from haulage.storage.idempotency_store import IdempotencyStore, Kept, Keyed
from haulage.storage.retention_store import RetentionStore
from haulage.storage.step_store import FinishedStep
from tests.factories import new_job
from tests.storage.model import MAX_CRASHES, Model
from tests.storage.store_machine import StoreMachine, places

KEY_TTL_S = 8
KEPT = timedelta(seconds=4)
keys = st.sampled_from(["k", "l"])


class WholeMachine(StoreMachine):
    """Everything that the store does to jobs, with crashes."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, tuple[str, tuple[UUID, ...], datetime]] = {}
        self.key_store = IdempotencyStore(
            self.services.database, self.services.clock, ttl_s=KEY_TTL_S
        )
        self.retention = RetentionStore(self.services.database, self.services.clock)

    # Bells and reports

    @rule()
    def ring(self) -> None:
        """Also of what was rung before: a redelivery."""
        queued = {job_id for job_id, one in self.models.items() if one.state is State.QUEUED}
        new = self.run(self.services.dispatch.take_unrung("io", limit=100))
        self.clock.advance(seconds=0.001)
        again = self.run(self.services.dispatch.take_lost("io", older_than_s=0.0, limit=100))
        assert {bell.job_id for bell in new} <= queued
        assert {bell.job_id for bell in again} == queued

    @rule(
        places=st.lists(places, min_size=1, max_size=4),
        kind=st.sampled_from([EventKind.LOG, EventKind.PROGRESS]),
    )
    def report(self, places: list[int], kind: EventKind) -> None:
        some = [self.lease(place) for place in places]
        notes = [Note(lease, kind, "{}") for lease in some]
        landed = self.run(self.services.events.append(notes))
        for lease, it_landed in zip(some, landed, strict=True):
            model = self.models[lease.job_id]
            assert it_landed == model.holds(lease.fence)
            model.events += it_landed

    # Families

    @rule(place=places, count=st.integers(1, 2))
    def spawn(self, place: int, count: int) -> None:
        """With a lease that is held or stale: children and the step that names them, or nothing."""
        lease = self.lease(place)
        model = self.models[lease.job_id]
        children = [
            new_job(parent_id=lease.job_id, max_crashes=MAX_CRASHES, rings=False)
            for _ in range(count)
        ]
        key = f"children {len(self.jobs)}"
        step = FinishedStep(lease, key, key, "[]", 0.0)
        landed = self.told(lambda: self.services.families.spawn(step, children))
        assert landed == model.holds(lease.fence)
        if landed:
            model.steps[key] = "[]"
            for child in children:
                self.knows(child)

    @rule()
    def waiting_parents_are_swept(self) -> None:
        ready = {job_id for job_id in self.models if self.waits_for_nothing(job_id)}
        assert set(self.told(lambda: self.services.families.wake_ready(limit=100))) <= ready
        self.wake(ready)

    @rule(place=places)
    def a_parent_looks_at_its_children(self, place: int) -> None:
        children = {one.new.id: one for one in self.children_of(self.job(place))}
        found = self.run(self.services.families.children(list(children)))
        assert {child_id: one.state for child_id, one in found.items()} == {
            child_id: one.state for child_id, one in children.items()
        }
        for one in found.values():
            assert (one.result is not None) == (one.state is State.SUCCEEDED)

    @rule()
    def orphans_are_those_whose_parent_is_over(self) -> None:
        expected = {
            job_id
            for job_id, one in self.models.items()
            if one.state not in TERMINAL
            and not one.cancel_asked
            and (parent := self.parent_of(one)) is not None
            and parent.state in TERMINAL
        }
        assert set(self.run(self.services.families.orphans(limit=100))) == expected

    @rule(place=places)
    def a_cancel_reaches_the_whole_family(self, place: int) -> None:
        job_id = self.job(place)
        self.run(Control(self.services).cancel([job_id], tenant="default", by="ann"))
        reached = [self.models[job_id]]
        while reached:
            for model in reached:
                model.is_cancelled()
            reached = [
                child
                for model in reached
                for child in self.children_of(model.new.id)
                if child.state not in TERMINAL
            ]

    def parent_of(self, model: Model) -> Model | None:
        parent_id = model.new.parent_id
        return None if parent_id is None else self.models.get(parent_id)

    # Decisions

    @rule(place=places)
    def redrive(self, place: int) -> None:
        job_id = self.job(place)
        model = self.models[job_id]
        crashed = self.point == "after"
        done = self.told(
            lambda: self.services.decisions.redrive([job_id], tenant="default", by="ann")
        )
        # Who never heard that it landed hears 'not redrivable' the second time.
        assert (job_id in done) == (model.state in REDRIVABLE and not crashed)
        if model.state in REDRIVABLE:
            model.is_redriven(self.clock.now())
            self.ended.pop(job_id)

    def over(self) -> list[UUID]:
        return [job_id for job_id, one in self.models.items() if one.state in REDRIVABLE]

    @precondition(lambda self: self.over())
    @rule(place=places)
    def redrive_what_is_over(self, place: int) -> None:
        over = self.over()
        self.redrive(len(self.jobs) - 1 - self.jobs.index(over[place % len(over)]))

    @rule(place=places)
    def discard(self, place: int) -> None:
        job_id = self.job(place)
        model = self.models[job_id]
        self.told(lambda: self.services.decisions.discard([job_id], tenant="default", by="ann"))
        if model.state is State.FAILED and not model.discarded:
            model.discarded = True
            model.events += 1
            self.ended.pop(job_id)

    # Submitting again

    @rule(place=places)
    def submit_again(self, place: int) -> None:
        self.run(self.services.jobs.insert([self.models[self.job(place)].new]))

    @rule(key=keys, fingerprint=st.sampled_from(["p", "p", "q"]))
    def submit_with_a_key(self, key: str, fingerprint: str) -> None:
        job = new_job(max_crashes=MAX_CRASHES)
        known = self.keys.get(key)
        if known is not None and known[2] <= self.clock.now():
            known = None

        def send():
            return self.keep(Keyed(key, fingerprint, [job], "default"))

        if known is not None and known[0] != fingerprint:
            with pytest.raises(IdempotencyMismatch):
                self.told(send)
            return
        kept = self.told(send)
        if known is None:
            expires_at = self.clock.now() + timedelta(seconds=KEY_TTL_S)
            known = self.keys[key] = (fingerprint, (job.id,), expires_at)
            # Also after a crash: who tries again brings the jobs that are kept.
            assert not kept.replayed
            self.knows(job)
        else:
            assert kept.replayed
        assert (kept.job_ids, kept.expires_at) == known[1:]

    async def keep(self, asked: Keyed) -> Kept:
        """As `Services.insert_once` does, with keys that end soon."""
        (kept,) = await self.key_store.insert_new([asked])
        return kept or await self.key_store.insert(asked)

    @precondition(lambda self: self.point is None)
    @rule(key=keys)
    def a_key_is_in_flight(self, key: str) -> None:
        async def second() -> None:
            lock = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
            async with self.database.transaction() as connection:
                await connection.execute(lock, {"name": f"7:default:{key}"})
                with pytest.raises(IdempotencyConflict):
                    await self.keep(Keyed(key, "p", [new_job()], "default"))

        self.run(second())

    @rule()
    def expired_keys_are_forgotten(self) -> None:
        expired = [key for key, known in self.keys.items() if known[2] <= self.clock.now()]
        assert self.run(self.retention.forget_keys(limit=100)) <= len(expired)
        for key in expired:
            del self.keys[key]

    # Forgetting

    @rule()
    def old_jobs_are_forgotten(self) -> None:
        before = self.clock.now() - KEPT
        old = {job_id for job_id, one in self.models.items() if self.may_go(one, before)}
        assert self.run(self.retention.forget_jobs(finished_before=before, limit=100)) == len(old)
        for job_id in old:
            assert self.run(self.services.steps.load(job_id)) == {}
            assert self.run(self.services.events.after({job_id: 0})) == {}
            del self.models[job_id], self.ended[job_id]
            self.jobs.remove(job_id)
        self.leases = [lease for lease in self.leases if lease.job_id in self.models]
        if not self.leases:
            self.submit(delay_s=None)
            self.claim(worker=0, places={0})

    def may_go(self, model: Model, before: datetime) -> bool:
        if model.ended_at is None or model.ended_at >= before:
            return False
        parent = self.parent_of(model)
        read_by_nobody = parent is None or (
            parent.ended_at is not None and parent.ended_at < before
        )
        return read_by_nobody and all(
            child.state in TERMINAL for child in self.children_of(model.new.id)
        )
