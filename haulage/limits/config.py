"""Pools as people write them: in `haulage.toml`, over HTTP, or, one of them, in the environment.

    [limits.openai]
    requests_per_minute = 500
    tokens_per_minute = {amount = 200_000, strategy = "bucket", burst = 50_000}
    concurrency = 50

    [limits.openai.per_tenant]
    requests_per_day = 1_000

    [limits.openai.models."gpt-4o"]
    tokens_per_minute = 30_000

What a name of `models`, `tenants`, `users` or `keys` says takes the place of what `per_…` says.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from haulage.domain.caps import Caps
from haulage.limits.breaker import BreakerRule
from haulage.limits.limit import Limit, Measure, Period, Pool, Scope, Strategy
from haulage.settings import SettingsFault
from haulage.settings.document import read_sections
from haulage.settings.limits import LimitsSettings

# The pool of the older system's variables, RATE_LIMIT_PER_MINUTE and its neighbours.
TASKS_POOL = "ai-tasks"
# How many jobs of each tenant may run at once. Nothing of it is in Redis: the claim of a job counts
# what runs in PostgreSQL, where the jobs are (storage/capped_claims.py).
RUNNING = "running"
ONLY_TENANTS = (
    "this pool caps how many jobs of a tenant run: say `concurrency` in `per_tenant` or in "
    "`tenants.NAME`, and nothing else"
)
# Jobs that are submitted: all of them; with a colon and a name those of one type or of `types`.
JOBS = "jobs"
ONLY_JOBS = "`types` belong to a pool called `jobs:NAME`, which counts jobs of these types together"
MAX_AMOUNT = 10**12


class AmountBody(BaseModel):
    """One limit. A number alone is its amount."""

    model_config = ConfigDict(extra="forbid")

    amount: int = Field(ge=1, le=MAX_AMOUNT)
    strategy: Strategy | None = Field(
        default=None, description="`rolling`, `fixed` or `bucket`; the pool's when it is not said."
    )
    burst: int | None = Field(
        strict=True,
        default=None,
        ge=1,
        le=MAX_AMOUNT,
        description="What a bucket holds; else its amount.",
    )


def _amount(value: Any) -> Any:
    return {"amount": value} if isinstance(value, int) and not isinstance(value, bool) else value


Amount = Annotated[AmountBody | None, BeforeValidator(_amount)]


def _as_pattern(schema: dict[str, Any]) -> None:
    """The twelve `…_per_…` in one line: a document that repeats them in five places says less."""
    properties = schema["properties"]
    amounts = [name for name in properties if "_per_" in name]
    one = {key: value for key, value in properties[amounts[0]].items() if key != "title"}
    for name in amounts:
        del properties[name]
    periods = "|".join(Period)
    pattern = f"^({Measure.REQUESTS}|{Measure.TOKENS})_per_({periods})$"
    schema["patternProperties"] = {pattern: one}


class ScopeBody(BaseModel):
    """Limits of a pool, or of one of its models, tenants, users or keys: a number, or more words,
    for `requests_per_minute` and its neighbours."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_as_pattern)

    requests_per_second: Amount = None
    requests_per_minute: Amount = None
    requests_per_hour: Amount = None
    requests_per_day: Amount = None
    requests_per_week: Amount = None
    requests_per_month: Amount = Field(default=None, description="30 days; fixed: the calendar's.")
    tokens_per_second: Amount = None
    tokens_per_minute: Amount = None
    tokens_per_hour: Amount = None
    tokens_per_day: Amount = None
    tokens_per_week: Amount = None
    tokens_per_month: Amount = None
    concurrency: int | None = Field(
        strict=True, default=None, ge=1, le=MAX_AMOUNT, description="Calls under way at once."
    )

    def amounts(self) -> Iterator[tuple[Measure, Period | None, AmountBody]]:
        """Every limit that is set."""
        if self.concurrency is not None:
            yield Measure.CONCURRENCY, None, AmountBody(amount=self.concurrency)
        for measure in (Measure.REQUESTS, Measure.TOKENS):
            for period in Period:
                body: AmountBody | None = getattr(self, f"{measure.value}_per_{period.value}")
                if body is not None:
                    yield measure, period, body


class TenantBody(ScopeBody):
    """One tenant's limits, and its share when tenants wait: twice the weight, twice the turns."""

    weight: float = Field(strict=True, default=1.0, gt=0, le=1000)


class PoolBody(ScopeBody):
    """What a provider counts together. Its name is the provider's, as in `openai:gpt-4o`."""

    strategy: Strategy = Field(
        default=Strategy.ROLLING, description="Of the limits that do not say their own."
    )
    timezone: str = Field(default="UTC", description="Of `fixed` windows, such as Europe/Rome.")
    slack_s: float = Field(
        strict=True,
        default=0.1,
        ge=0,
        le=10,
        description="How late a call may reach the provider after it was let through.",
    )
    local_share: float = Field(
        strict=True,
        default=0.0,
        ge=0,
        le=1,
        description="What part of the limits each process allows itself while Redis is away; "
        "0: nothing goes.",
    )
    breaker_failures: int | None = Field(
        strict=True, default=None, ge=0, description="In a row; 0: never."
    )
    breaker_failure_rate: float = Field(
        strict=True, default=0.0, ge=0, le=1, description="0: never."
    )
    breaker_open_s: float | None = Field(strict=True, default=None, gt=0)
    types: list[str] = Field(
        default=[],
        max_length=100,
        description="Of a pool `jobs:NAME`: the job types that it counts together; else NAME's.",
    )
    per_model: ScopeBody = ScopeBody()
    per_tenant: ScopeBody = ScopeBody()
    per_user: ScopeBody = ScopeBody()
    per_key: ScopeBody = ScopeBody()
    models: dict[str, ScopeBody] = {}
    tenants: dict[str, TenantBody] = {}
    users: dict[str, ScopeBody] = {}
    keys: dict[str, ScopeBody] = {}

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {value!r}; take one such as UTC") from error
        return value

    def pool(self, name: str) -> Pool:
        """What it means."""
        limits = [*self._limits(self, Scope.POOL, None)]
        for scope, general, named in (
            (Scope.MODEL, self.per_model, self.models),
            (Scope.TENANT, self.per_tenant, self.tenants),
            (Scope.USER, self.per_user, self.users),
            (Scope.KEY, self.per_key, self.keys),
        ):
            limits += self._limits(general, scope, None)
            for of, body in named.items():
                limits += self._limits(body, scope, of)
        return Pool(
            name,
            tuple(limits),
            weights={of: one.weight for of, one in self.tenants.items()},
            slack_s=self.slack_s,
            local_share=self.local_share,
        )

    def caps(self) -> Caps:
        """What it means as the pool `running`."""
        own = {of: one.concurrency for of, one in self.tenants.items()}
        return Caps(
            self.per_tenant.concurrency,
            {of: cap for of, cap in own.items() if cap is not None},
        )

    @property
    def caps_tenants_alone(self) -> bool:
        """Whether that is all it says: a limit that has no effect must not be accepted."""
        said = [(one.scope, one.measure) for one in self.pool(RUNNING).limits]
        plain = {"per_tenant", "tenants"} >= self.model_fields_set
        plain &= all({"concurrency"} >= one.model_fields_set for one in self.tenants.values())
        return plain and set(said) <= {(Scope.TENANT, Measure.CONCURRENCY)}

    def breaker(self, settings: LimitsSettings) -> BreakerRule:
        """When the provider's breaker opens."""
        failures, open_s = self.breaker_failures, self.breaker_open_s
        return BreakerRule(
            failures=settings.breaker_failures if failures is None else failures,
            open_s=settings.breaker_open_s if open_s is None else open_s,
            failure_rate=self.breaker_failure_rate,
        )

    def _limits(self, body: ScopeBody, scope: Scope, of: str | None) -> Iterator[Limit]:
        for measure, period, one in body.amounts():
            yield Limit(
                measure,
                one.amount,
                period,
                one.strategy or self.strategy,
                scope=scope,
                of=of,
                burst=one.burst,
                timezone=self.timezone,
            )


def from_environment(settings: LimitsSettings) -> dict[str, PoolBody]:
    """The pool of the older variables."""
    if not settings.enabled:
        return {}
    return {
        TASKS_POOL: PoolBody.model_validate(
            {
                "strategy": settings.strategy,
                "timezone": settings.timezone,
                **{
                    f"requests_per_{period}": getattr(settings, f"per_{period}") or None
                    for period in ("minute", "hour", "day", "week", "month")
                },
            }
        )
    }


def from_file(path: Path) -> dict[str, PoolBody]:
    """The `[limits.…]` sections of a `haulage.toml`; none when there is no file. Raises
    `SettingsFault` with every fault it finds."""
    found = read_sections(path, "limits", PoolBody, noun="pool")
    faults = {name: fault_in(name, body) for name, body in found.items()}
    if lines := [f"{path}: limits.{name}: {fault}" for name, fault in faults.items() if fault]:
        raise SettingsFault("\n".join(lines))
    return found


def fault_in(name: str, body: PoolBody) -> str | None:
    """What of `body` would have no effect in a pool of this name, if anything."""
    if name == RUNNING and not body.caps_tenants_alone:
        return ONLY_TENANTS
    return ONLY_JOBS if body.types and not name.startswith(f"{JOBS}:") else None
