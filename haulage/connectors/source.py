"""A pull source as it is configured: where tasks are listed, what they mean, where they are told.

    [sources.orders]
    list_url = "https://shop.example/api/tasks?state=open"
    id = "{uuid}"
    concurrency = 10

    [sources.orders.types.summary]           # tasks whose `type` is `summary`
    job_type = "summarize_text"
    input = {text = "{body}"}
    result = "{result.summary}"

    [sources.orders.report]
    url = "https://shop.example/api/tasks/{id}"
    body = {state = "{state}", result = "{result}", error = "{error.message?}"}

    [sources.orders.oauth2]
    token_url = "https://login.example/oauth2/token"
    client_id = "haulage"
    client_secret_file = "/run/secrets/shop"

Its quotas are those of the pool of its name: `[limits.orders]`.
"""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    model_validator,
)

from haulage.domain.job import DEFAULT_TENANT
from haulage.domain.job_type import Registry
from haulage.settings import SettingsFault
from haulage.settings.document import read_sections

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def _web_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write http://host/… or https://host/…")
    if "{" in parts.netloc:
        # Where a token is sent is nothing that a task may decide.
        raise ValueError("the host can't come from a task")
    if parts.username or parts.password:
        raise ValueError("no credentials in the URL; they belong to `oauth2` or `headers`")
    return url


WebUrl = Annotated[str, AfterValidator(_web_url)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OAuth2Body(_Body):
    """Client credentials. The secret comes as it is or as a file, which is read for each token."""

    token_url: WebUrl
    client_id: str
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = None
    scope: str | None = None
    audience: str | None = None
    method: Literal["client_secret_basic", "client_secret_post"] = "client_secret_basic"

    @model_validator(mode="after")
    def _one_secret(self) -> "OAuth2Body":
        if (self.client_secret is None) == (self.client_secret_file is None):
            raise ValueError("give either `client_secret` or `client_secret_file`")
        return self


class TaskTypeBody(_Body):
    """What a kind of task means here: a job type, its input out of the task, and what of the job's
    `result` is told."""

    job_type: str
    input: dict[str, JsonValue]
    result: JsonValue = "{result}"


class ReportBody(_Body):
    """How an end is told. Templates see `id`, `state`, `result`, `error.code`, `error.message`,
    `job_id` and `tags`."""

    url: WebUrl
    method: Literal["PATCH", "POST", "PUT"] = "PATCH"
    body: JsonValue
    succeeded: str = "succeeded"
    failed: str = "failed"


class SourceBody(_Body):
    """One source. Templates see the task."""

    list_url: WebUrl
    limit_parameter: str | None = "limit"
    items: str | None = None
    id: str = "{id}"
    version: str = ""
    type: str = "{type}"
    tags: dict[str, str] = Field(default={}, max_length=20)
    interval_s: float = Field(default=30.0, gt=0)
    concurrency: int = Field(default=5, ge=1, le=1000)
    timeout_s: float = Field(default=30.0, gt=0)
    tenant: str = Field(default=DEFAULT_TENANT, min_length=1)
    headers: dict[str, SecretStr] = {}
    oauth2: OAuth2Body | None = None
    types: dict[str, TaskTypeBody] = Field(min_length=1)
    report: ReportBody


def from_file(path: Path) -> dict[str, SourceBody]:
    """The `[sources.…]` sections of a `haulage.toml`; none when there is no file. Raises
    `SettingsFault` with every fault it finds."""
    return read_sections(path, "sources", SourceBody, noun="source", names=_NAME)


def require_types(sources: dict[str, SourceBody], registry: Registry) -> None:
    """Raise `SettingsFault` for job types that this installation does not know."""
    faults = [
        f"sources.{name}.types.{kind}: there is no job type {body.job_type!r}; "
        "`haulage types list` shows all."
        for name, source in sources.items()
        for kind, body in source.types.items()
        if body.job_type not in registry
    ]
    if faults:
        raise SettingsFault("\n".join(faults))
