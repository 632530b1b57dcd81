"""The pools as they are configured now: over HTTP before the file before the environment.

A pool is taken whole from the first of these that knows it. A pool nobody knows has no limits.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from pydantic import ValidationError

from haulage.domain.caps import UNCAPPED, Caps
from haulage.limits.breaker import BreakerRule
from haulage.limits.config import JOBS, RUNNING, PoolBody
from haulage.limits.limit import Pool
from haulage.limits.ports import PoolStore
from haulage.settings.limits import LimitsSettings
from haulage.telemetry import logs

log = logs.get(__name__)


class Source(StrEnum):
    """Where a pool's limits were set."""

    API = "api"
    FILE = "file"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Entry:
    """A pool and where it comes from. `version` is another for other settings; `by` and `at` say
    who set it over HTTP."""

    name: str
    source: Source
    body: PoolBody
    pool: Pool
    rule: BreakerRule
    version: str
    by: str | None = None
    at: datetime | None = None


class PoolBook:
    """Asked for a pool at each call; read anew when somebody has changed one."""

    def __init__(
        self,
        settings: LimitsSettings,
        store: PoolStore | None,
        *,
        environment: Mapping[str, PoolBody],
        file: Mapping[str, PoolBody],
    ) -> None:
        self._settings = settings
        self._store = store
        self._fixed = self._entries(Source.ENVIRONMENT, environment)
        self._fixed |= self._entries(Source.FILE, file)
        self._set: dict[str, Entry] = {}
        self._free: dict[str, Pool] = {}
        self._caps = self._read_caps()
        self._groups = self._read_groups()

    async def reload(self) -> None:
        """Read what was set over HTTP. Raises `Unavailable`; what was known stays in force."""
        if self._store is None:
            return
        found = {}
        for name, its in (await self._store.all()).items():
            try:
                body = PoolBody.model_validate(its.document)
            except ValidationError:
                # Of a newer version, perhaps. Another limit would be a guess.
                log.error("limits.pool_unreadable", pool=name)
                if name in self._set:
                    found[name] = self._set[name]
                continue
            held = self._set.get(name)
            entry = held if held and held.body == body else self._entry(Source.API, name, body)
            found[name] = replace(entry, version=its.version, by=its.by, at=its.at)
        self._set = found
        self._caps = self._read_caps()
        self._groups = self._read_groups()

    def counting(self, job_type: str) -> Iterable[str]:
        """The pools that count a submitted job of this type; limits may be set in them or not."""
        own = f"{JOBS}:{job_type}"
        yield JOBS
        if own not in self._groups:
            yield own
        for group, types in self._groups.items():
            if job_type in types:
                yield group

    def caps(self) -> Caps:
        """How many jobs of each tenant may run."""
        return self._caps

    def pool(self, name: str) -> Pool:
        """The same object as long as nothing has changed."""
        entry = self._set.get(name) or self._fixed.get(name)
        return entry.pool if entry else self._free.setdefault(name, Pool(name))

    def rule(self, service: str) -> BreakerRule:
        """The breaker's rule of a pool."""
        entry = self._set.get(service) or self._fixed.get(service)
        return entry.rule if entry else PoolBody().breaker(self._settings)

    def entries(self) -> list[Entry]:
        """All pools that are configured, by name."""
        return [one for _, one in sorted({**self._fixed, **self._set}.items())]

    def _read_groups(self) -> dict[str, frozenset[str]]:
        return {one.name: frozenset(one.body.types) for one in self.entries() if one.body.types}

    def _read_caps(self) -> Caps:
        entry = self._set.get(RUNNING) or self._fixed.get(RUNNING)
        return entry.body.caps() if entry else UNCAPPED

    def _entries(self, source: Source, bodies: Mapping[str, PoolBody]) -> dict[str, Entry]:
        return {name: self._entry(source, name, body) for name, body in bodies.items()}

    def _entry(self, source: Source, name: str, body: PoolBody) -> Entry:
        said = body.model_dump_json(exclude_defaults=True).encode()
        version = hashlib.blake2b(said, digest_size=16).hexdigest()
        return Entry(name, source, body, body.pool(name), body.breaker(self._settings), version)
