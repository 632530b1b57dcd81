"""Errors to Sentry, or what speaks its language, where `SENTRY_DSN` says so.

Promises: its client is imported only then. What goes out of a line logged as an error is its name,
where it happened (frames without variables or source) and ids; no error's text, no other field:
they may quote a document.
"""

import logging
import os
import sys
import traceback
from typing import Any

from haulage import __version__
from haulage.telemetry import logs

log = logs.get(__name__)

TAGS = ("job_id", "type", "attempt", "request_id", "tenant", "trace_id", "error")


def start(role: str) -> None:
    """Tell of errors from here on."""
    dsn = os.environ.get("SENTRY_DSN")
    if not dsn:
        return
    try:
        # For those only who want it.
        import sentry_sdk
        from sentry_sdk.integrations.logging import LoggingIntegration
    except ImportError:
        log.warning("sentry.not_installed", hint="pip install 'haulage[sentry]'")
        return
    sentry_sdk.init(
        dsn=dsn,
        release=f"haulage@{__version__}",
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[LoggingIntegration(level=None, event_level=logging.ERROR)],
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        before_send=without_texts,
    )
    sentry_sdk.set_tag("role", role)


def without_texts(event: Any, hint: dict[str, Any]) -> Any:
    """`event` as it may go out."""
    said = getattr(hint.get("log_record"), "msg", None)
    fields = said if isinstance(said, dict) else {}
    event["logentry"] = {"message": str(fields.get("event", event.get("logger", "error")))}
    event.pop("extra", None)
    tags = {name: str(fields[name]) for name in TAGS if fields.get(name) is not None}
    event["tags"] = {**(event.get("tags") or {}), **tags}
    # The line is written where the error is handled; its log record has lost it by now.
    kind, _, trace = sys.exc_info()
    event.pop("exception", None)
    if kind is not None:
        frames = [
            {"filename": one.filename, "lineno": one.lineno, "function": one.name}
            for one in traceback.extract_tb(trace)
        ]
        values = [{"type": kind.__name__, "value": "", "stacktrace": {"frames": frames}}]
        event["exception"] = {"values": values}
    return event
