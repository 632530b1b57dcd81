"""Structured logs: events with fields, one JSON object a line.

Promises: every line carries what `bind` put into the context (request_id, job_id, …), and fields
whose names look like secrets are masked. Never pass document text or inputs as fields.
"""

import logging
import re
import sys
import warnings
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any
from uuid import UUID

import structlog

SECRET = re.compile(r"password|passwd|secret|token|api_?key|authorization|cookie", re.IGNORECASE)
NOISY = (
    "alembic",
    "celery.app.trace",
    "celery.worker.strategy",
    "httpcore",
    "httpx",
    "uvicorn.access",
    "uvicorn.error",
)
# What is shown in lines of its own where people read.
TRACES = ("exception", "stack")
INDENT = "    "
# `url` fields may carry a password; only the part between `:` and `@` is masked.
URL_PASSWORD = re.compile(r"(?P<head>[a-z0-9+.-]+://[^:/@\s]*):[^@/\s]+@")

# PostgreSQL quotes the row that a constraint refuses, inputs and all.
REFUSED_ROW = re.compile(
    r"Failing row contains \(.*?\)\.(?=\n\[SQL|\n\nThe above|\n\nDuring|\nCONTEXT|\s*\Z)", re.DOTALL
)


def configure(*, level: str = "INFO", format: str = "json", stream: Any = None) -> None:
    """Send structlog's and the standard library's logs to `stream` (stderr) in one form."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        add_job,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        # Before the masking: a trace may quote a URL with its password.
        structlog.processors.format_exc_info,
    ]
    if format == "json":
        renderer: Any = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )
        # JSON has no lines inside of its strings; here a caller could make some up.
        shared.append(escape_controls)
    shared.append(mask_secrets)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        # Drops what is below the level before any work is done on it.
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Asked of the system for each line, and in none of them.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # These say for every request what our own log says once.
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    # Celery's advice about root is a matter for whoever starts the process, not for its log.
    warnings.filterwarnings("ignore", message="You're running the worker with superuser")


def get(name: str) -> Any:
    """A logger; call it as `log.info("job.settled", job_id=…)`."""
    return structlog.stdlib.get_logger(name)


def bind(**fields: Any) -> None:
    """Put fields on every further line of this task or request."""
    structlog.contextvars.bind_contextvars(**fields)


# The job or the request this task or thread is working on, as fields; setting it must cost nothing,
# binding does.
job: ContextVar[dict[str, Any] | None] = ContextVar("job", default=None)


def add(**fields: Any) -> None:
    """Say more on every further line of this job or request."""
    current = job.get()
    if current is not None:
        current.update(fields)


def add_job(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Say on every line which job or request it is about."""
    current = job.get()
    if current is not None:
        for name, value in current.items():
            if value is None:
                continue
            if name == "traceparent":
                name, value = "trace_id", value[3:35]  # noqa: PLW2901
            event.setdefault(name, str(value) if isinstance(value, UUID) else value)
    return event


def escape_controls(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Show line ends and other control characters instead of obeying them. Traces keep their lines,
    each of them indented: what begins at the margin is a line of the log."""
    for name, value in event.items():
        if name in TRACES and isinstance(value, str):
            event[name] = "\n".join(INDENT + _escaped(line) for line in value.split("\n"))
        elif isinstance(value, str):
            event[name] = _escaped(value)
    return event


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


def mask_secrets(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Mask the values of fields that look like secrets and the passwords inside URLs."""
    for name, value in event.items():
        event[name] = _masked(name, value)
    return event


def _masked(name: str, value: Any) -> Any:
    if isinstance(value, str):
        if _is_secret(name):
            return "***"
        if "Failing row" in value:
            value = REFUSED_ROW.sub("Failing row: not shown.", value)
        if "://" in value:
            return URL_PASSWORD.sub(r"\g<head>:***@", value)
        return value
    # Counts such as `input_tokens` are no secrets.
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {key: _masked(str(key), inner) for key, inner in value.items()}
    return "***" if _is_secret(name) else value


# Names of fields are few, and every line of every request has some.
@lru_cache(maxsize=1_000)
def _is_secret(name: str) -> bool:
    return SECRET.search(name) is not None
