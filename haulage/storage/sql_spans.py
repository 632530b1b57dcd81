"""A span for each statement that is a part of a trace. Its text has no values in it; parameters,
which may be documents, are left out."""

from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from haulage.telemetry import tracing

MOST_CHARS = 1_000
MOST_STATEMENTS = 500


# Statements are few and long; what is told of each is worked out once.
@lru_cache(MOST_STATEMENTS)
def _told_of(statement: str) -> tuple[str, tracing.Attributes]:
    text = " ".join(statement.split())
    about = {"db.system.name": "postgresql", "db.query.text": text[:MOST_CHARS]}
    return "postgresql " + text.partition(" ")[0].upper(), about


def watch(engine: Engine) -> None:
    """Have the statements of `engine` traced."""

    def before(
        _conn: Any, _cursor: Any, statement: str, _values: Any, run: Any, _many: Any
    ) -> None:
        name, about = _told_of(statement)
        run.haulage_span = tracing.part(name, about, kind="client")

    def after(
        _conn: Any, _cursor: Any, _statement: str, _values: Any, run: Any, _many: Any
    ) -> None:
        run.haulage_span.end()

    def failed(fault: Any) -> None:
        if (run := fault.execution_context) is not None and hasattr(run, "haulage_span"):
            state = getattr(fault.original_exception, "sqlstate", None)
            run.haulage_span.fail(state or type(fault.original_exception).__name__)
            run.haulage_span.end()

    sa.event.listen(engine, "before_cursor_execute", before)
    sa.event.listen(engine, "after_cursor_execute", after)
    sa.event.listen(engine, "handle_error", failed)
