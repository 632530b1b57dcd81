"""What the pool `running` shows: its counters are the jobs themselves."""

from starlette.requests import Request

from haulage.api import deps
from haulage.domain.limits import Asker
from haulage.limits.limit import Pool
from haulage.limits.view import LimitView
from haulage.storage.capped_claims import running_of


async def running(request: Request, pool: Pool) -> list[LimitView]:
    """Of each tenant that runs something or has a cap of its own, and of the caller's, how many
    jobs run and may run."""
    services, who = deps.of(request).services, deps.principal(request)
    counted = await running_of(services.database, None)
    named = {one.of for one in pool.limits if one.of is not None}
    now = services.clock.now()
    views = []
    for tenant in sorted({*counted, *named, who.tenant}):
        count = counted.get(tenant, 0)
        for limit in pool.limits_for(Asker(tenant)):
            next_at = now if count < limit.amount else None
            views.append(LimitView(limit, tenant, count, limit.amount, now, next_at))
    return views
