"""Children: a handler hands work to other jobs and waits for them without holding a slot.

The first time, `gather` stores the children and ends the attempt as 'waiting'. When the last child
is over the parent runs again from its beginning, its steps remembered, and `gather` returns. On a
redrive the children that did not succeed are redriven with it; the others keep their results.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from haulage.domain.context import Child, ChildOutcome
from haulage.domain.errors import LeaseLost, WaitsForChildren
from haulage.domain.ids import uuid7
from haulage.domain.job import NewJob
from haulage.domain.lifecycle import TERMINAL, State
from haulage.domain.submission import accept_input
from haulage.engine.batcher import patiently
from haulage.engine.services import Services
from haulage.storage.family_progress import family_key
from haulage.storage.json_text import dumps, loads
from haulage.storage.step_store import FinishedStep
from haulage.telemetry import tracing

if TYPE_CHECKING:
    from haulage.engine.context import RunContext


async def gather(
    context: "RunContext", services: Services, name: str, children: Sequence[Child]
) -> list[ChildOutcome]:
    """See `Context.children`."""
    ids = await _ids(context, services, name, children)
    found = await patiently(lambda: services.families.children(ids))
    if any(found[child_id].state not in TERMINAL for child_id in ids):
        raise WaitsForChildren
    return [
        ChildOutcome(
            job_id=child_id,
            state=found[child_id].state,
            result=loads(text) if (text := found[child_id].result) is not None else None,
            error=found[child_id].error,
        )
        for child_id in ids
    ]


async def sweep(services: Services, *, limit: int) -> None:
    """Mend families: wake parents whose children all ended, cancel children nobody waits for. And
    tell how far those are that wait."""
    services.event_bell.rang(await services.families.wake_ready(limit=limit))
    services.event_bell.rang(await services.families.progress.tell(limit=limit))
    orphans = await services.families.orphans(limit=limit)
    if orphans:
        answers = await services.jobs.cancel(orphans, tenant=None, by="their parent's end")
        services.event_bell.rang(answers)


async def _ids(
    context: "RunContext", services: Services, name: str, children: Sequence[Child]
) -> list[UUID]:
    run = context.lease.run
    for earlier in range(run, 0, -1):
        known, stored = await context.steps.recall(family_key(name, earlier))
        if not known:
            continue
        ids = [UUID(one) for one in stored]
        if earlier < run:
            await _redrive(context, services, name, ids)
        return ids
    jobs = [await _drafted(context, services, child) for child in children]
    step = _step(context, name, [job.id for job in jobs])
    if not await patiently(lambda: services.families.spawn(step, jobs)):
        raise LeaseLost(f"children {name!r} were refused: the lease is lost")
    context.steps.know(step.key, step.value)
    services.event_bell.rang(job.id for job in jobs)
    return [job.id for job in jobs]


async def _redrive(
    context: "RunContext", services: Services, name: str, ids: Sequence[UUID]
) -> None:
    found = await patiently(lambda: services.families.children(ids))
    again = [one.id for one in found.values() if one.state in TERMINAL - {State.SUCCEEDED}]
    by = f"parent {context.job_id} in run {context.lease.run}"
    await patiently(lambda: services.decisions.redrive(again, tenant=context.tenant, by=by))
    step = _step(context, name, ids)
    if not await patiently(lambda: services.families.spawn(step, [])):
        raise LeaseLost(f"children {name!r} were refused: the lease is lost")


async def _drafted(context: "RunContext", services: Services, child: Child) -> NewJob:
    declared = services.registry.offered(child.type)
    accepted = accept_input(declared, child.input)
    kept = await services.blobs.keep(accepted.text)
    return NewJob(
        id=uuid7(),
        type=declared.name,
        input=accepted.text,
        input_ref=kept.ref,
        queue=declared.queue,
        priority=context.lease.priority,
        tenant=context.tenant,
        max_attempts=child.max_attempts or declared.policy.max_attempts,
        max_crashes=declared.policy.max_crashes,
        timeout_s=declared.policy.timeout_s,
        deadline=context.lease.deadline,
        request_id=context.lease.request_id,
        traceparent=tracing.current() or context.lease.traceparent,
        parent_id=context.job_id,
        caller=context.lease.caller,
        rings=False,
        files=accepted.files,
    )


def _step(context: "RunContext", name: str, ids: Sequence[UUID]) -> FinishedStep:
    value = dumps([str(one) for one in ids])
    return FinishedStep(
        context.lease, family_key(name, context.lease.run), name, value, duration_s=0.0
    )
