"""Settings: typed sections, read once from the environment, validated at the start.

`HAULAGE_DATABASE_URL` is `settings.database.url`, `HAULAGE_ENGINE_LEASE_S` is
`settings.engine.lease_s`, and so on: prefix, section, field. There is no usable default for
anything that is a secret or names a server. A variable nobody reads is an error with the nearest
name, because a misspelt limit is a limit that does not hold.
"""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from haulage import secret_files
from haulage.domain import bulk
from haulage.domain.errors import HaulageError
from haulage.domain.job_type import IO
from haulage.settings.api import ApiSettings
from haulage.settings.auth import AuthSettings
from haulage.settings.database import DatabaseSettings
from haulage.settings.files import FilesSettings
from haulage.settings.limits import LimitsSettings
from haulage.settings.older_names import OLDER_NAMES, translated
from haulage.settings.payload import PayloadSettings
from haulage.settings.poller import PollerSettings
from haulage.settings.providers import ProvidersSettings
from haulage.settings.webhooks import WebhooksSettings

PREFIX = "HAULAGE_"
# Read by the client, the CLI and handlers, not by this module.
FOREIGN = {"HAULAGE_URL", "HAULAGE_API_KEY", "HAULAGE_DATA"}
FOREIGN_PREFIXES = ("HAULAGE_HANDLER_", "HAULAGE_TEST_", "HAULAGE_DEMO_")


class SettingsFault(HaulageError):
    """A setting is missing, misspelt or out of range; the message says which and how to mend it."""

    code = "settings_fault"


class RedisSettings(BaseModel):
    """Redis 6.2 or newer; `rediss://` for TLS, `sentinel://` for a master that Sentinels watch.
    `prefix` keeps installations apart."""

    url: str | None = None
    prefix: str = "haulage:"


class BrokerSettings(BaseModel):
    """What carries Celery's messages: the Redis above when not said, or RabbitMQ (`amqp://`,
    `amqps://` for TLS), or another Redis."""

    url: str | None = None


class BlobSettings(BaseModel):
    """Where files and large values lie: a folder, or an obstore URL such as `s3://bucket/path`."""

    url: str = str(Path.home() / ".local" / "share" / "haulage" / "blobs")
    inline_bytes: int = Field(default=256 * 1024, ge=1024)


class LogSettings(BaseModel):
    """`level` is DEBUG, INFO, WARNING or ERROR; `format` is `json` or `console`."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["json", "console"] = "json"

    @field_validator("level", mode="before")
    @classmethod
    def _in_capitals(cls, level: object) -> object:
        return level.upper() if isinstance(level, str) else level


class MetricsSettings(BaseModel):
    """Where Prometheus finds workers and dispatchers: the first port that is free from `port` on.
    Not set: nowhere. The API answers at its own `/metrics`."""

    port: int | None = Field(default=None, ge=1, le=65_000)
    host: str = "127.0.0.1"


class EngineSettings(BaseModel):
    """How the engine keeps time. All in seconds unless the name says otherwise.

    A worker that has not beaten for `lease_s` is dead and its jobs are rescued, so recovery from a
    `kill -9` takes `lease_s` plus one dispatcher tick.
    """

    heartbeat_s: float = Field(default=1.0, gt=0)
    lease_s: float = Field(default=5.0, gt=0)
    tick_s: float = Field(default=0.2, gt=0)
    rering_s: float = Field(default=2.0, gt=0)
    rering_congested_s: float = Field(default=60.0, gt=0)
    window: int = Field(default=2000, ge=1)
    aging_s: float = Field(default=30.0, gt=0)
    queue_depth: int = Field(default=100_000, ge=1)
    shutdown_s: float = Field(default=30.0, ge=0)
    cancel_grace_s: float = Field(default=0.7, ge=0)
    child_max_jobs: int | None = Field(default=None, ge=1)
    child_recycle_mb: int | None = Field(default=None, ge=0)
    child_limit_mb: int | None = Field(default=None, ge=0)
    canary_s: float = Field(default=5.0, gt=0)
    canary_silence_s: float = Field(default=30.0, gt=0)
    stop_grace_s: float = Field(default=5.0, ge=0)
    visibility_s: int = Field(default=3600, ge=10)

    @field_validator("lease_s")
    @classmethod
    def _several_beats(cls, lease_s: float, info: ValidationInfo) -> float:
        beat_s = info.data.get("heartbeat_s", 0.0)
        if lease_s < max(3 * beat_s, 1.0):
            raise ValueError(
                f"healthy workers that beat each {beat_s:g} s would be declared dead; "
                "let it be at least three heartbeats, and a second"
            )
        return lease_s


class RetentionSettings(BaseModel):
    """How long finished jobs are kept, and how often the janitor looks.

    A job goes with its events, steps and crashes, dead letters too; the values of steps that jobs
    share go by themselves. A file goes `files_days` after its upload, or after the last job that
    named it. Blobs that no row names are looked for every `blobs_every_s`.
    """

    finished_days: float = Field(default=30.0, gt=0)
    shared_days: float = Field(default=30.0, gt=0)
    audit_days: float = Field(default=365.0, gt=0)
    files_days: float = Field(default=7.0, gt=0)
    deliveries_days: float = Field(default=30.0, gt=0)
    every_s: float = Field(default=60.0, gt=0)
    blobs_every_s: float = Field(default=3600.0, gt=0)


class Settings(BaseSettings):
    """Everything, in sections."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        extra="ignore",
        frozen=True,
    )

    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    broker: BrokerSettings = BrokerSettings()
    blob: BlobSettings = BlobSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    api: ApiSettings = ApiSettings()
    auth: AuthSettings = AuthSettings()
    engine: EngineSettings = EngineSettings()
    files: FilesSettings = FilesSettings()
    retention: RetentionSettings = RetentionSettings()
    providers: ProvidersSettings = ProvidersSettings()
    limits: LimitsSettings = LimitsSettings()
    webhooks: WebhooksSettings = WebhooksSettings()
    poller: PollerSettings = PollerSettings()
    payload: PayloadSettings = PayloadSettings()
    config: str = "haulage.toml"
    handlers: Annotated[tuple[str, ...], NoDecode] = ()
    queues: Annotated[tuple[tuple[str, str], ...], NoDecode] = (("io", "io"), ("cpu", "cpu"))

    @field_validator("handlers", mode="before")
    @classmethod
    def _split_handlers(cls, value: object) -> object:
        return _split(value) if isinstance(value, str) else value

    @field_validator("queues", mode="before")
    @classmethod
    def _split_queues(cls, value: object) -> object:
        """`HAULAGE_QUEUES=io=io,cpu=cpu,ocr=cpu`: each queue and the pool that serves it."""
        if not isinstance(value, str):
            return value
        pairs = []
        for item in _split(value):
            name, _, pool = item.partition("=")
            if pool not in ("io", "cpu"):
                raise ValueError(f"queue {name!r} needs a pool: {name}=io or {name}=cpu")
            if name == bulk.QUEUE:
                raise ValueError(f"queue {name!r} is Haulage's own; take another name")
            pairs.append((name, pool))
        return tuple(pairs)

    @property
    def queue_pools(self) -> dict[str, str]:
        """Each queue's name and the pool that serves it; ours for bulk operations, too."""
        return {**dict(self.queues), bulk.QUEUE: IO}

    def require_database_url(self) -> str:
        """The URL of PostgreSQL; raises `SettingsFault` when none is set."""
        if not self.database.url:
            raise SettingsFault(_missing("PostgreSQL", "HAULAGE_DATABASE_URL", "postgresql"))
        return self.database.url

    def require_redis_url(self) -> str:
        """The URL of Redis; raises `SettingsFault` when none is set."""
        if not self.redis.url:
            raise SettingsFault(_missing("Redis", "HAULAGE_REDIS_URL", "redis"))
        return self.redis.url

    def require_broker_url(self) -> str:
        """The URL of Celery's broker; raises `SettingsFault` when neither it nor Redis is set."""
        return self.broker.url or self.require_redis_url()


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment once; raises `SettingsFault` with every fault it finds."""
    given, faults = secret_files.opened(os.environ if environ is None else environ)
    faults += _misspelt(given)
    if faults:
        raise SettingsFault("\n".join(faults))
    try:
        return _from(translated(given))
    except ValidationError as error:
        lines = []
        for item in error.errors(include_url=False, include_input=False):
            name = f"{PREFIX}{'_'.join(str(part) for part in item['loc']).upper()}"
            lines.append(f"{_as_given(name, given)}: {item['msg']}")
        raise SettingsFault("\n".join(lines)) from error


def _from(environ: Mapping[str, str]) -> Settings:
    sections: dict[str, object] = {}
    for name, value in environ.items():
        if not name.startswith(PREFIX) or _is_foreign(name):
            continue
        section, _, field = name.removeprefix(PREFIX).lower().partition("_")
        if field:
            held = sections.setdefault(section, {})
            assert isinstance(held, dict)
            held[field] = value
        else:
            sections[section] = value
    return Settings.model_validate(sections)


def known_variables() -> tuple[str, ...]:
    """Every variable that `load` reads."""
    names = []
    for section, info in Settings.model_fields.items():
        model = info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            names += [f"{PREFIX}{section}_{field}".upper() for field in model.model_fields]
        else:
            names.append(f"{PREFIX}{section}".upper())
    return (*names, *secret_files.VARIABLES)


def _misspelt(environ: Mapping[str, str]) -> list[str]:
    known = known_variables()
    faults = []
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in known or _is_foreign(name):
            continue
        nearest = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {nearest[0]}?" if nearest else ""
        faults.append(f"{name} is not a setting of Haulage.{hint}")
    return faults


def _as_given(name: str, environ: Mapping[str, str]) -> str:
    """The name under which somebody set the variable `name`."""
    if name in environ:
        return name
    return next((older for older, ours in OLDER_NAMES.items() if ours == name), name)


def _is_foreign(name: str) -> bool:
    return name in FOREIGN or name.startswith(FOREIGN_PREFIXES)


def _split(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _missing(what: str, variable: str, scheme: str) -> str:
    return (
        f"{variable} is not set, so there is no {what} to work with. "
        f"Set it to {scheme}://… or run `haulage up`, which starts everything on this machine."
    )
