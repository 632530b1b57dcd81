"""The limits that a caller feels: those that count for its tenant, its user or its key."""

from collections.abc import Iterable
from typing import Any

from starlette.requests import Request

from haulage.accounts.principal import Principal
from haulage.api import deps
from haulage.api.limit_models import LimitUsage, OwnLimit
from haulage.api.running_usage import running
from haulage.domain.limits import Asker
from haulage.limits import rules
from haulage.limits.book import Entry
from haulage.limits.config import RUNNING
from haulage.limits.errors import RedisAway
from haulage.limits.limit import Pool, Scope
from haulage.limits.view import LimitView

_SOMEBODYS = frozenset({Scope.TENANT, Scope.USER, Scope.KEY})


async def own_limits(request: Request) -> list[OwnLimit] | None:
    """Each with what is used of it now, by pool; None while Redis does not answer."""
    limits, asker = deps.of(request).limits, asker_of(deps.principal(request))
    await limits.book.reload()
    try:
        return [
            OwnLimit.model_validate({**_plain(view), "pool": entry.name})
            for entry in sorted(limits.book.entries(), key=lambda one: one.name)
            if any(one.scope in _SOMEBODYS for one in entry.pool.limits_for(asker))
            for view in await _views(request, entry, asker)
        ]
    except RedisAway:
        return None


def usage_of(view: LimitView) -> LimitUsage:
    """A limit as it is shown."""
    return LimitUsage.model_validate(_plain(view))


def asker_of(who: Principal) -> Asker:
    """The caller as limits know it."""
    return Asker(tenant=who.tenant, user=who.caller.user or "", key=who.caller.key or "")


async def _views(request: Request, entry: Entry, asker: Asker) -> Iterable[LimitView]:
    parts = deps.of(request)
    if entry.name == RUNNING:
        return [one for one in await running(request, entry.pool) if one.whose == asker.tenant]
    looked = await parts.limits.limiter.look(entry.name)
    used = {(one.limit.code, one.whose): one for one in looked.limits}
    return _counted(entry.pool, asker, used, parts)


def _counted(
    pool: Pool, asker: Asker, used: dict[tuple[str, str], LimitView], parts: deps.Deps
) -> Iterable[LimitView]:
    """Also those of which the caller has used nothing yet."""
    now = parts.services.clock.now()
    for limit in pool.limits_for(asker):
        if limit.scope in _SOMEBODYS:
            whose = limit.scope.whose(asker)
            unused = LimitView(limit, whose, 0, rules.most(limit, pool.slack_s), now, now)
            yield used.get((limit.code, whose), unused)


def _plain(view: LimitView) -> dict[str, Any]:
    its = view.limit
    return {
        "name": its.name,
        "measure": its.measure.value,
        "period": its.period and its.period.value,
        "strategy": its.strategy.value,
        "scope": its.scope.value,
        "whose": view.whose,
        "current": view.current,
        "amount": its.amount,
        "limit": view.most,
        "remaining": view.remaining,
        "next_at": view.next_at,
        "reset_at": view.reset_at,
    }
