"""What a trace shows of a job: its submit, the claims and the attempts."""

from collections.abc import Sequence
from uuid import UUID

from haulage.domain.job import Lease, NewJob
from haulage.telemetry import tracing


def submit_span(jobs: Sequence[NewJob]) -> tracing.Span:
    """The span of a submit: below the request that it came with, or what the caller sent."""
    if not jobs or not tracing.is_on():
        return tracing.NOTHING
    first = jobs[0]
    about: tracing.Attributes = {
        "haulage.jobs": len(jobs),
        "haulage.job_id": str(first.id),
        "haulage.job_type": first.type,
        "haulage.queue": first.queue,
        "haulage.tenant": first.tenant,
    }
    parent = first.traceparent if tracing.current() is None else None
    return tracing.span("submit", about, kind="producer", parent=parent)


def firing_span(schedule_id: UUID, *, tenant: str, jobs: int) -> tracing.Span:
    """The span in which a schedule makes its jobs: the first of their trace."""
    if not tracing.is_on():
        return tracing.NOTHING
    about: tracing.Attributes = {
        "haulage.schedule_id": str(schedule_id),
        "haulage.tenant": tenant,
        "haulage.jobs": jobs,
    }
    return tracing.span("fire schedule", about, kind="producer")


def tell_claims(leases: Sequence[Lease], *, began_ns: int) -> None:
    """A claim has just been answered; one statement, shown in the trace of each of its jobs."""
    for lease in leases:
        with tracing.span(
            "claim",
            {
                "haulage.job_id": str(lease.job_id),
                "haulage.fence": lease.fence,
                "haulage.batch_size": len(leases),
            },
            kind="client",
            parent=lease.traceparent,
            began_ns=began_ns,
        ):
            pass


def attempt_span(lease: Lease, *, rung_by: str | None = None) -> tracing.Span:
    """The span of `lease`, linked to the ring that it was heard by."""
    if not tracing.is_on():
        return tracing.NOTHING
    return tracing.attempt(
        f"run {lease.type}",
        {
            "haulage.job_id": str(lease.job_id),
            "haulage.job_type": lease.type,
            "haulage.queue": lease.queue,
            "haulage.tenant": lease.tenant,
            "haulage.attempt": lease.attempt,
            "haulage.run": lease.run,
            "haulage.fence": lease.fence,
            "haulage.parent_id": str(lease.parent_id) if lease.parent_id else None,
            "haulage.request_id": lease.request_id,
        },
        job_id=lease.job_id,
        fence=lease.fence,
        parent=lease.traceparent,
        links=() if rung_by is None else (rung_by,),
    )


def tell_outcome(span: tracing.Span, *, state: str, landed: bool, error: str | None) -> None:
    """How the attempt has ended: the state that it left its job in, and the code of its error."""
    span.set({"haulage.state": state, "haulage.landed": landed})
    if error is not None:
        span.fail(error)
