"""What workers, a dispatcher and people do to single jobs; families and the rest: `machine.py`."""

from collections.abc import Coroutine, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from haulage.domain.errors import Unavailable
from haulage.domain.job import EventKind, Lease, NewJob
from haulage.domain.lifecycle import TERMINAL, State
from haulage.domain.outcome import Cancelled, Outcome, Retry, Snooze, Waiting
from haulage.storage import tables
from haulage.storage.event_store import Note
from haulage.storage.settlement import Settlement
from haulage.storage.step_store import FinishedStep
from tests.factories import DONE, ERROR, FAILED, Hand, new_job
from tests.storage.model import MAX_CRASHES, Model
from tests.storage.mortals import Mortals
from tests.support.crash_points import Point

# Which job or lease, counted from the youngest.
places = st.integers(0, 5)
workers = st.sampled_from([0, 1])
points = st.sampled_from(["before", "after"])
OUTCOMES: list[Outcome] = [DONE, FAILED, Cancelled(), Retry(5.0, ERROR), Snooze(5.0), Waiting()]


class StoreMachine(Mortals):
    """Rules are what processes do; the invariants are looked at after each."""

    def __init__(self) -> None:
        super().__init__()
        self.models: dict[UUID, Model] = {}
        self.jobs: list[UUID] = []
        self.leases: list[Lease] = []
        self.fences: dict[UUID, int] = {}
        self.ended: dict[UUID, Any] = {}

    def job(self, place: int) -> UUID:
        return self.jobs[-1 - place % len(self.jobs)]

    def lease(self, place: int) -> Lease:
        return self.leases[-1 - place % len(self.leases)]

    def survived(self, point: Point, work: Coroutine[Any, Any, object]) -> bool:
        """Die at `point` of `work`'s commit; whether that has landed, though nobody heard."""
        self.database.crash_at = point
        with pytest.raises(Unavailable):
            self.run(work)
        return point == "after"

    @initialize()
    def begin(self) -> None:
        self.run(self._begin())
        for _ in range(3):
            self.submit(delay_s=None)
        self.claim(worker=0, places={0, 1})

    async def _begin(self) -> None:
        await self.empty()
        self.hands = [await Hand.hired(self.services) for _ in range(2)]

    def teardown(self) -> None:
        for job_id, model in self.models.items():
            assert self.run(self.services.steps.load(job_id)) == model.steps

    @rule(delay_s=st.sampled_from([None, 0, 3, 10]))
    def submit(self, delay_s: int | None) -> None:
        now = self.clock.now()
        run_at = None if delay_s is None else now + timedelta(seconds=delay_s)
        job = new_job(run_at=run_at, max_crashes=MAX_CRASHES)
        self.told(lambda: self.services.jobs.insert([job]))
        self.knows(job)

    def knows(self, job: NewJob) -> None:
        now = self.clock.now()
        later = job.run_at is not None and job.run_at > now
        state = State.SCHEDULED if later else State.QUEUED
        self.models[job.id] = Model(job, state, job.run_at if job.run_at and later else now)
        self.jobs.append(job.id)

    @rule(worker=workers, places=st.sets(places, min_size=1, max_size=5))
    def wait_and_claim(self, worker: int, places: set[int]) -> None:
        self.time_passes_and_the_due_are_queued(seconds=5)
        self.claim(worker=worker, places=places)

    @rule(worker=workers, places=st.sets(places, min_size=1, max_size=5))
    def claim(self, worker: int, places: set[int]) -> None:
        wanted = {self.job(place) for place in places}
        got = self.run(self.hands[worker].claim_all(*wanted))
        ready = {job_id for job_id in wanted if self.models[job_id].state is State.QUEUED}
        assert {lease.job_id for lease in got} == ready
        for lease in got:
            model = self.models[lease.job_id]
            model.claimed(worker)
            assert (lease.fence, lease.attempt) == (model.fence, model.attempt)
        self.leases += got

    @rule(worker=workers, place=places, point=points)
    def a_claim_is_never_heard(self, worker: int, place: int, point: Point) -> None:
        model = self.models[self.job(place)]
        landed = self.survived(point, self.hands[worker].claim_all(model.new.id))
        if landed and model.state is State.QUEUED:
            model.claimed(worker)

    @rule(place=places, outcome=st.sampled_from(OUTCOMES))
    def settle(self, place: int, outcome: Outcome) -> None:
        """With a lease that is held, stale, or settled before."""
        lease = self.lease(place)
        model = self.models[lease.job_id]
        settlement = Settlement(lease.job_id, lease.fence, outcome, parent_id=lease.parent_id)
        [landed] = self.told(lambda: self.services.jobs.settle([settlement]))
        assert landed == (model.holds(lease.fence) or model.said(lease.fence, outcome))
        if model.holds(lease.fence):
            model.settles(lease.fence, outcome, self.clock.now())
        self.wake({lease.parent_id} | ({lease.job_id} if isinstance(outcome, Waiting) else set()))

    def children_of(self, parent_id: UUID) -> list[Model]:
        return [one for one in self.models.values() if one.new.parent_id == parent_id]

    def waits_for_nothing(self, job_id: UUID) -> bool:
        over = all(child.state in TERMINAL for child in self.children_of(job_id))
        return over and self.models[job_id].state is State.WAITING

    def wake(self, ids: Iterable[UUID | None]) -> None:
        for job_id in ids:
            if job_id in self.models and self.waits_for_nothing(job_id):
                self.models[job_id].goes(State.QUEUED)
                self.models[job_id].due = self.clock.now()

    def stale(self) -> list[Lease]:
        """Leases of jobs that run under a newer fence."""
        return [
            lease
            for lease in self.leases
            if self.models[lease.job_id].state is State.RUNNING
            and self.models[lease.job_id].fence > lease.fence
        ]

    @precondition(lambda self: self.stale())
    @rule(outcome=st.sampled_from(OUTCOMES))
    def a_stale_worker_writes(self, outcome: Outcome) -> None:
        lease = self.stale()[0]
        before = self.models[lease.job_id].said(lease.fence, outcome)
        settlement = Settlement(lease.job_id, lease.fence, outcome)
        assert self.run(self.services.jobs.settle([settlement])) == [before]
        step = FinishedStep(lease, "a", "a", "1", 0.1)
        assert self.run(self.services.steps.save([step])) == [False]
        assert self.run(self.services.events.append([Note(lease, EventKind.LOG, "{}")])) == [False]

    @rule(place=places)
    def give_back(self, place: int) -> None:
        lease = self.lease(place)
        model = self.models[lease.job_id]
        held = model.holds(lease.fence)
        given = self.run(self.services.dispatch.give_back([(lease.job_id, lease.fence)]))
        assert given == held
        if held:
            model.goes_back(self.clock.now())

    @rule(place=places, key=st.sampled_from(["a", "b"]), value=st.integers(0, 9))
    def finish_step(self, place: int, key: str, value: int) -> None:
        lease = self.lease(place)
        model = self.models[lease.job_id]
        step = FinishedStep(lease, key, key, str(value), 0.1)
        [landed] = self.told(lambda: self.services.steps.save([step]))
        assert landed == model.holds(lease.fence)
        if landed:
            model.steps.setdefault(key, str(value))

    @rule(place=places)
    def cancel(self, place: int) -> None:
        job_id = self.job(place)
        model = self.models[job_id]
        answers = self.run(self.services.jobs.cancel([job_id], tenant="default", by="ann"))
        assert answers[job_id].before is model.state
        model.is_cancelled()

    @rule(worker=workers)
    def worker_dies_and_is_rescued(self, worker: int) -> None:
        self.run(self.hands[worker].dies())
        rescued = {
            one.job_id: one for one in self.run(self.services.dispatch.rescue_orphans(limit=100))
        }
        orphans = [job_id for job_id, model in self.models.items() if model.held_by == worker]
        assert set(rescued) == set(orphans)
        for job_id in orphans:
            self.models[job_id].crashes_with_its_worker(self.clock.now(), company=len(orphans))
            assert rescued[job_id].state is self.models[job_id].state
        self.hands[worker] = self.run(Hand.hired(self.services))

    @rule(worker=workers, point=points)
    def a_rescue_is_never_heard(self, worker: int, point: Point) -> None:
        self.run(self.hands[worker].dies())
        self.survived(point, self.services.dispatch.rescue_orphans(limit=100))
        self.run(self.services.dispatch.rescue_orphans(limit=100))
        held = [model for model in self.models.values() if model.held_by == worker]
        for model in held:
            model.crashes_with_its_worker(self.clock.now(), company=len(held))
        self.hands[worker] = self.run(Hand.hired(self.services))

    @precondition(lambda self: any(one.held_by is not None for one in self.models.values()))
    @rule(place=places)
    def child_dies(self, place: int) -> None:
        held = [job_id for job_id, one in self.models.items() if one.held_by is not None]
        job_id = held[place % len(held)]
        model = self.models[job_id]
        assert model.held_by is not None
        hand = self.hands[model.held_by]
        [rescued] = self.run(
            self.services.dispatch.rescue_of_child(hand.id, hand.pid, job_id=job_id)
        )
        model.crashes_with_its_worker(self.clock.now())
        assert rescued.state is model.state

    @rule(seconds=st.sampled_from([0, 2, 5]))
    def time_passes_and_the_due_are_queued(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)
        now = self.clock.now()
        due = [
            model
            for model in self.models.values()
            if model.state is State.SCHEDULED and model.due <= now
        ]
        assert self.run(self.services.dispatch.promote_due(limit=100)) == len(due)
        for model in due:
            model.goes(State.QUEUED)

    async def _rows(self) -> dict[UUID, Any]:
        seq = tables.events.c.seq
        seqs = sa.func.array_agg(aggregate_order_by(seq, seq)).label("seqs")
        told = sa.select(tables.events.c.job_id, seqs).group_by(tables.events.c.job_id).subquery()
        joined = tables.jobs.join(told, told.c.job_id == tables.jobs.c.id)
        async with self.services.database.reading() as connection:
            found = await connection.execute(
                sa.select(tables.jobs, told.c.seqs).select_from(joined)
            )
            return {one["id"]: one for one in found.mappings()}

    @invariant()
    def rows_are_what_the_model_says(self) -> None:
        rows = self.run(self._rows())
        assert set(rows) == set(self.models)
        for job_id, model in self.models.items():
            found = rows[job_id]
            holder = None if model.held_by is None else self.hands[model.held_by].id
            assert (found["state"], found["worker_id"]) == (model.state, holder)
            assert (found["fence"], found["attempt"], found["crashes"]) == (
                model.fence,
                model.attempt,
                model.crashes,
            )
            assert found["seqs"] == list(range(1, model.events + 1))
            assert found["event_seq"] == model.events
            assert found["run"] == model.run
            assert (found["discarded_at"] is not None) == model.discarded
            assert found["fence"] >= self.fences.get(job_id, 0)
            self.fences[job_id] = found["fence"]
            if model.state in TERMINAL:
                assert self.ended.setdefault(job_id, found) == found
                model.ended_at = found["finished_at"]
