"""Who calls, and what they may do.

A principal acts for one tenant and sees what is that tenant's, whatever its scopes are. `admin` is
the right to what all tenants share: queues, workers, limits, keys.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from haulage.domain.job import DEFAULT_TENANT, NOBODY, JobCaller
from haulage.domain.scope import EVERY_SCOPE, Scope


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller. `subject` is what the audit fields keep, such as a job's `cancelled_by`: the user
    of a token, or a key's name. `caller` is what limits count for, nobody while nobody is known."""

    tenant: str
    subject: str
    scopes: frozenset[Scope]
    address: str = ""
    caller: JobCaller = NOBODY

    def may(self, *any_of: Scope) -> bool:
        """Whether it has one of these rights."""
        return Scope.ADMIN in self.scopes or not self.scopes.isdisjoint(any_of)


def anonymous(address: str) -> Principal:
    """Everybody, where callers are not told apart."""
    return Principal(DEFAULT_TENANT, f"anonymous@{address}", EVERY_SCOPE, address)


def known_scopes(names: Iterable[str]) -> frozenset[Scope]:
    """Those of `names` that are ours; a token may carry others' too."""
    return frozenset(EVERY_SCOPE.intersection(names))
