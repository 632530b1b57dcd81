"""All that moves credits, in any order, by callers who die at their commits and come back."""

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from haulage.domain.credit_errors import NotEnoughCredits
from haulage.domain.credits import Kind
from haulage.domain.job import Lease
from haulage.domain.lifecycle import LIVE, REDRIVABLE, TERMINAL, State
from haulage.domain.outcome import Cancelled, Outcome, Retry, Snooze, Waiting, target_state
from haulage.storage.credit_audit import CreditAudit
from haulage.storage.retention_store import RetentionStore
from haulage.storage.settlement import Settlement
from tests.factories import DONE, ERROR, FAILED, Hand, new_job, row
from tests.storage.credit_model import Books, Known, Lot
from tests.storage.mortals import Mortals

TENANTS = ("a", "b")
places = st.integers(0, 5)
prices = st.integers(1, 30)
tenants = st.sampled_from(TENANTS)
OUTCOMES: list[Outcome] = [DONE, FAILED, Cancelled(), Retry(5.0, ERROR), Snooze(5.0), Waiting()]


class CreditMachine(Mortals):
    def __init__(self) -> None:
        super().__init__()
        self.books = {tenant: Books() for tenant in TENANTS}
        self.grants: set[UUID] = set()
        self.jobs: dict[UUID, Known] = {}
        self.leases: list[Lease] = []
        self.retention = RetentionStore(self.services.database, self.services.clock)

    def job(self, place: int) -> Known:
        return list(self.jobs.values())[-1 - place % len(self.jobs)]

    def state(self, known: Known) -> State:
        return State(self.run(row(self.services, known.new.id))["state"])

    @initialize()
    def begin(self) -> None:
        self.run(self._begin())
        for tenant in TENANTS:
            self.grant(tenant=tenant, amount=40, lasts_s=None, reference=None)
        self.submit(tenant="a", given=[(5, None), (6, None)])

    async def _begin(self) -> None:
        await self.empty()
        self.hand = await Hand.hired(self.services)

    @rule(
        tenant=tenants,
        amount=st.integers(1, 50),
        lasts_s=st.sampled_from([None, 4, 12]),
        reference=st.sampled_from([None, "invoice"]),
    )
    def grant(self, tenant: str, amount: int, lasts_s: int | None, reference: str | None) -> None:
        if reference is None:
            # Sent twice it would count twice.
            self.point = None
        else:
            amount, lasts_s = 7, None
        expires_at = None if lasts_s is None else self.clock.now() + timedelta(seconds=lasts_s)
        grant = self.told(
            lambda: self.services.credits.grant(
                tenant, amount, by="ann", expires_at=expires_at, reference=reference
            )
        )
        if grant.id not in self.grants:
            self.grants.add(grant.id)
            self.books[tenant].lots.append(Lot(amount, expires_at))

    @rule(
        tenant=tenants,
        given=st.lists(st.tuples(prices, st.sampled_from([None, 0, 6])), min_size=1, max_size=3),
    )
    def submit(self, tenant: str, given: list[tuple[int, int | None]]) -> None:
        """Together: all of them or none."""
        now = self.clock.now()
        jobs = [
            new_job(
                tenant=tenant,
                price_credits=price,
                deadline=None if deadline_s is None else now + timedelta(seconds=1 + deadline_s),
                max_crashes=1,
            )
            for price, deadline_s in given
        ]
        books = self.books[tenant]

        def send() -> Coroutine[Any, Any, None]:
            return self.services.jobs.insert(jobs)

        if sum(price for price, _ in given) > books.available(now):
            with pytest.raises(NotEnoughCredits):
                self.told(send)
            return
        self.told(send)
        for job in sorted(jobs, key=lambda one: one.id):
            assert job.price_credits is not None
            books.reserve(job.id, job.price_credits, now)
            self.jobs[job.id] = Known(job)

    @precondition(lambda self: self.jobs)
    @rule(place=places)
    def submit_again(self, place: int) -> None:
        self.run(self.services.jobs.insert([self.job(place).new]))

    @precondition(lambda self: self.jobs)
    @rule(chosen=st.sets(places, min_size=1, max_size=3))
    def claim(self, chosen: set[int]) -> None:
        self.run(self.services.dispatch.promote_due(limit=100))
        self.leases += self.run(self.hand.claim_all(*{self.job(place).new.id for place in chosen}))

    @precondition(lambda self: self.leases)
    @rule(
        chosen=st.sets(places, min_size=1, max_size=3),
        outcome=st.sampled_from(OUTCOMES),
        charge=st.sampled_from([None, 0, 3, 100]),
    )
    def settle(self, chosen: set[int], outcome: Outcome, charge: int | None) -> None:
        """With leases that are held or lost."""
        some = {self.leases[-1 - place % len(self.leases)].job_id: place for place in chosen}
        leases = [self.leases[-1 - place % len(self.leases)] for place in some.values()]
        if target_state(outcome) not in TERMINAL:
            charge = None
        settlements = [
            Settlement(lease.job_id, lease.fence, outcome, charge_credits=charge)
            for lease in leases
        ]
        self.told(lambda: self.services.jobs.settle(settlements))
        for lease in leases:
            known = self.jobs[lease.job_id]
            ended = self.state(known)
            if known.open and ended in TERMINAL:
                assert known.new.price_credits is not None
                default = known.new.price_credits if ended is State.SUCCEEDED else 0
                said = default if charge is None else charge
                self.ends(known, min(known.new.price_credits, said))

    def ends(self, known: Known, charge: int) -> None:
        self.books[known.new.tenant].settle(known.new.id, charge)
        known.open = False
        known.cost += charge

    def end_those_that_ended(self) -> None:
        """Without a result: for nothing."""
        for known in self.jobs.values():
            if known.open and self.state(known) in TERMINAL:
                self.ends(known, 0)

    @precondition(lambda self: self.jobs)
    @rule(place=places)
    def cancel(self, place: int) -> None:
        ids = [self.job(place).new.id]
        self.told(lambda: self.services.jobs.cancel(ids, tenant=None, by="ann"))
        self.end_those_that_ended()

    @rule()
    def the_worker_dies(self) -> None:
        self.run(self.hand.dies())
        self.told(lambda: self.services.dispatch.rescue_orphans(limit=100))
        self.hand = self.run(Hand.hired(self.services))
        self.end_those_that_ended()

    @precondition(lambda self: self.leases)
    @rule()
    def leases_are_given_back(self) -> None:
        leases = [(lease.job_id, lease.fence) for lease in self.leases]
        self.told(lambda: self.services.dispatch.give_back(leases))
        self.end_those_that_ended()

    @precondition(lambda self: self.jobs)
    @rule(place=places)
    def redrive(self, place: int) -> None:
        known = self.job(place)
        self.point = None if self.state(known) not in REDRIVABLE else self.point
        assert known.new.price_credits is not None
        now, books, ids = self.clock.now(), self.books[known.new.tenant], [known.new.id]

        def again() -> Coroutine[Any, Any, set[UUID]]:
            return self.services.decisions.redrive(ids, tenant=known.new.tenant, by="ann")

        if self.state(known) not in REDRIVABLE:
            assert self.run(again()) == set()
        elif known.new.price_credits > books.available(now):
            with pytest.raises(NotEnoughCredits):
                self.told(again)
        else:
            self.told(again)
            books.reserve(known.new.id, known.new.price_credits, now)
            known.run, known.open = known.run + 1, True

    @precondition(lambda self: self.jobs)
    @rule(place=places)
    def discard(self, place: int) -> None:
        known = self.job(place)
        self.told(
            lambda: self.services.decisions.discard(
                [known.new.id], tenant=known.new.tenant, by="ann"
            )
        )

    @rule(seconds=st.sampled_from([1, 3, 8]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)
        self.told(lambda: self.services.dispatch.expire(limit=100))
        self.end_those_that_ended()

    @rule()
    def grants_expire(self) -> None:
        self.told(lambda: self.services.credits.expire(limit=100))
        for books in self.books.values():
            books.expire(self.clock.now())

    @rule()
    def old_jobs_are_forgotten(self) -> None:
        before = self.clock.now() - timedelta(seconds=4)
        old = {
            job_id
            for job_id in self.jobs
            if (at := self.run(row(self.services, job_id))["finished_at"]) and at < before
        }
        assert self.told(lambda: self.retention.forget_jobs(finished_before=before, limit=100)) in (
            len(old),
            0,
        )
        for job_id in old:
            del self.jobs[job_id]
        self.leases = [one for one in self.leases if one.job_id in self.jobs]

    @invariant()
    def the_books_balance(self) -> None:
        now = self.clock.now()
        for tenant, books in self.books.items():
            found = self.run(self.services.credits.balance(tenant))
            if found is None:
                assert not books.lots
                continue
            assert (found.available, found.reserved, found.spent) == (
                books.available(now),
                books.reserved,
                books.spent,
            )
        assert self.run(CreditAudit(self.services.database).findings()) == []

    @invariant()
    def each_job_says_what_it_cost(self) -> None:
        for job_id, known in self.jobs.items():
            found = self.run(row(self.services, job_id))
            assert found["price_credits"] == known.new.price_credits
            assert (found["cost_credits"] or 0) == known.cost
            assert known.open == (State(found["state"]) in LIVE)

    def teardown(self) -> None:
        for tenant, books in self.books.items():
            entries = self.run(self.services.credits.entries(tenant, limit=10_000))
            of_kind = {
                kind: sum(one.amount for one in entries if one.kind == kind) for kind in Kind
            }
            assert of_kind[Kind.EXPIRE] == books.expired
            assert of_kind[Kind.CHARGE] == books.spent
