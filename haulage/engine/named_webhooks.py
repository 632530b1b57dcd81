"""The endpoints that submits name, by their ids."""

from collections.abc import Sequence
from dataclasses import replace

from haulage.domain.errors import Fault, InvalidInput
from haulage.domain.job import NewJob
from haulage.storage.webhook_store import WebhookStore


async def with_webhooks(webhooks: WebhookStore, jobs: Sequence[NewJob]) -> Sequence[NewJob]:
    """`jobs` with the ids of the endpoints they name; raises `InvalidInput` for names that their
    tenants don't have. Asks nothing where they name none."""
    tenants = {job.tenant for job in jobs if job.webhook}
    if not tenants:
        return jobs
    known = {
        (tenant, name): webhook_id
        for tenant in tenants
        for name, webhook_id in (
            await webhooks.named(
                [job.webhook.name for job in jobs if job.webhook and job.tenant == tenant],
                tenant=tenant,
            )
        ).items()
    }
    faults = tuple(
        Fault(
            job.webhook.pointer, f"there is no webhook {job.webhook.name!r}; see /api/v1/webhooks"
        )
        for job in jobs
        if job.webhook and (job.tenant, job.webhook.name) not in known
    )
    if faults:
        raise InvalidInput("A webhook is not there.", faults)
    return [
        replace(job, webhook=replace(job.webhook, id=known[job.tenant, job.webhook.name]))
        if job.webhook
        else job
        for job in jobs
    ]
