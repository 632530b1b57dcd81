"""The trace that a program is in that uses Haulage as a library.

Promises: imports nothing. A program that traces itself has OpenTelemetry loaded; for any other
there is nothing to ask.
"""

import sys


def callers_traceparent() -> str | None:
    """The context of the span that is under way in the caller, as the W3C writes it; None where
    there is none."""
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        return None
    here = api.get_current_span().get_span_context()
    if not here.is_valid:
        return None
    return f"00-{here.trace_id:032x}-{here.span_id:016x}-{here.trace_flags:02x}"
