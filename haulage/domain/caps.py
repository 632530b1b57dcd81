"""How many jobs of a tenant may run at once, counted over all workers."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Caps:
    """`each` is the cap of a tenant that has none of its `own`; None: no cap. Falsy: nobody has."""

    each: int | None = None
    own: Mapping[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.each is not None or bool(self.own)

    def of(self, tenant: str) -> int | None:
        """The cap of `tenant`; None: it may run as many as there are slots."""
        return self.own.get(tenant, self.each)


UNCAPPED = Caps()


def uncapped() -> Caps:
    """Where nothing is configured."""
    return UNCAPPED
