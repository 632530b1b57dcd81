"""`submit_in`: a job that is submitted in the caller's own transaction, and shares its fate.

    with psycopg.connect(…) as connection:
        connection.execute("INSERT INTO orders …")
        haulage.submit_in(connection, "send_invoice", {"order": 7})

It calls the function `haulage_submit` (migration 0009) over the caller's connection: nothing is
sent anywhere else, and the caller needs no right but to execute that function. At the commit
PostgreSQL wakes the dispatcher; after a rollback there is no job. Drivers are told apart by their
modules' names, so that none is imported that the caller does not have.
"""

import re
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, overload
from uuid import UUID

from haulage.domain.credit_errors import CostsCredits
from haulage.domain.errors import (
    Fault,
    HaulageError,
    IdempotencyMismatch,
    InvalidInput,
    Unavailable,
    UnknownJobType,
    UnknownQueue,
)
from haulage.domain.job_type import REGISTRY
from haulage.domain.submission import accept_input, check_tags
from haulage.storage.json_text import dumps
from haulage.telemetry.callers_trace import callers_traceparent

if TYPE_CHECKING:
    import psycopg
    import sqlalchemy.orm
    from sqlalchemy.ext import asyncio as sqlalchemy_asyncio

    Blocking = (
        psycopg.Connection[Any]
        | sqlalchemy.Connection
        | sqlalchemy.orm.Session
        | sqlalchemy.orm.scoped_session[Any]
    )
    Awaiting = (
        psycopg.AsyncConnection[Any]
        | sqlalchemy_asyncio.AsyncConnection
        | sqlalchemy_asyncio.AsyncSession
        | sqlalchemy_asyncio.async_scoped_session[Any]
    )

FUNCTION = "haulage_submit"
NOT_THERE = (
    "Run `haulage db migrate` on this database; if the tables are in another schema than the "
    "connection's search path leads to, name it with schema=."
)
GRANT = f"GRANT EXECUTE ON FUNCTION {FUNCTION} TO this role, and USAGE on its schema."
PSYCOPG, SQLALCHEMY = "psycopg", "sqlalchemy"
# How each driver marks a parameter. Django's cursor is its driver's.
_MARKS = {SQLALCHEMY: ":%s", PSYCOPG: "%%(%s)s", "psycopg2": "%%(%s)s", "django": "%%(%s)s"}
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PARAMETERS: dict[str, str] = {
    "type": "text",
    "input": "json",
    "queue": "text",
    "priority": "text",
    "run_at": "timestamptz",
    "deadline": "timestamptz",
    "tags": "text[]",
    "max_attempts": "int",
    "timeout_s": "float8",
    "idempotency_key": "text",
    "tenant": "text",
    "traceparent": "text",
}


class Options(TypedDict, total=False):
    """What may be said of a job beside its type and input; what is not, the type decides.

    `priority` is high, normal or low; moments without a zone are local time. `schema` is where
    Haulage's tables are when the connection's search path does not lead there. `traceparent` is the
    caller's own, where OpenTelemetry knows one.
    """

    queue: str | None
    priority: str
    run_at: datetime | None
    deadline: datetime | None
    tags: Sequence[str]
    max_attempts: int | None
    timeout_s: float | None
    idempotency_key: str | None
    tenant: str
    traceparent: str | None
    schema: str


@overload
def submit_in(
    connection: "Awaiting", type: str, input: Any = None, **options: Unpack[Options]
) -> Awaitable[UUID]: ...
@overload
def submit_in(
    connection: "Blocking", type: str, input: Any = None, **options: Unpack[Options]
) -> UUID: ...
@overload
def submit_in(connection: Any, type: str, input: Any = None, **options: Unpack[Options]) -> Any: ...
def submit_in(connection: Any, type: str, input: Any = None, **options: Unpack[Options]) -> Any:
    """Submit a job inside `connection`'s transaction; its id, or an awaitable of it.

    `connection` is psycopg's (3, blocking or async), SQLAlchemy's connection or session (blocking
    or async), or Django's `connection`. Nothing is committed here; in autocommit mode the job is
    there at once.

    The input is checked where the job type has been imported in this process; elsewhere the worker
    checks it, and a job that does not fit fails with `invalid_input`. Raises `InvalidInput` for
    that, and `UnknownJobType`, `UnknownQueue`, `IdempotencyMismatch`, `CostsCredits` and
    `Unavailable`; those come from PostgreSQL, which then takes nothing more in this transaction but
    a rollback.
    """
    driver = _driver_of(connection)
    values = _values(type, input, options)
    statement = _statement(values, _MARKS[driver], schema=options.get("schema"))
    if iscoroutinefunction(getattr(connection, "execute", None)):
        return _submit_awaiting(connection, driver, statement, values)
    with _explained(type):
        if driver == SQLALCHEMY:
            return connection.execute(_text(statement), values).scalar_one()
        with connection.cursor(**_plain_rows(driver)) as cursor:
            cursor.execute(statement, values)
            return UUID(str(cursor.fetchone()[0]))


async def _submit_awaiting(
    connection: Any, driver: str, statement: str, values: dict[str, Any]
) -> UUID:
    with _explained(values["type"]):
        if driver == SQLALCHEMY:
            job_id = (await connection.execute(_text(statement), values)).scalar_one()
        else:
            async with connection.cursor(**_plain_rows(driver)) as cursor:
                await cursor.execute(statement, values)
                job_id = (await cursor.fetchone())[0]
    return UUID(str(job_id))


def _driver_of(connection: Any) -> str:
    modules = {base.__module__.partition(".")[0] for base in type(connection).__mro__}
    for driver in _MARKS:
        if driver in modules and (hasattr(connection, "execute") or hasattr(connection, "cursor")):
            return driver
    raise TypeError(
        "submit_in takes a psycopg connection, a SQLAlchemy connection or session, or Django's "
        f"`connection`; this is a {type(connection).__module__}.{type(connection).__qualname__}."
    )


def _values(type_name: str, given: Any, options: Options) -> dict[str, Any]:
    """What is said, under the function's parameter names; checked as far as this process can."""
    unknown = options.keys() - PARAMETERS.keys() - {"schema"}
    if unknown:
        raise TypeError(f"submit_in has no option {sorted(unknown)[0]!r}")
    value = {} if given is None else given
    if type_name in REGISTRY:
        text = accept_input(REGISTRY.get(type_name), value).text
    else:
        text = dumps(value)
    tags = list(options.get("tags", ()))
    check_tags(tags)
    said = {**options, "type": type_name, "input": text, "tags": tags}
    said.pop("schema", None)
    said["traceparent"] = options.get("traceparent") or callers_traceparent()
    for name, one in said.items():
        if isinstance(one, datetime):
            said[name] = one.astimezone(UTC)
    return {name: one for name, one in said.items() if one not in (None, [])}


def _statement(values: dict[str, Any], mark: str, *, schema: str | None) -> str:
    if schema is not None and not _IDENTIFIER.fullmatch(schema):
        raise ValueError(f"{schema!r} is no name of a schema that submit_in takes")
    where = f'"{schema}".' if schema else ""
    said = ", ".join(f"{name} => CAST({mark % name} AS {PARAMETERS[name]})" for name in values)
    return f"SELECT {where}haulage_submit({said})"


def _text(statement: str) -> Any:
    # The caller has it; `import haulage` must not need it.
    from sqlalchemy import text

    return text(statement)


def _plain_rows(driver: str) -> dict[str, Any]:
    """How to ask for tuples, whatever rows the caller's connection makes."""
    if driver != PSYCOPG:
        return {}
    from psycopg.rows import tuple_row

    return {"row_factory": tuple_row}


@contextmanager
def _explained(type_name: str) -> Iterator[None]:
    """Turn what PostgreSQL refuses into our errors; leave every other one to the caller."""
    try:
        yield
    except Exception as error:
        refusal = _refusal(error, type_name)
        if refusal is None:
            raise
        raise refusal from error


def _refusal(error: BaseException | None, type_name: str) -> HaulageError | None:
    # SQLAlchemy wraps the driver's error in `orig`, Django and SQLAlchemy's asyncpg in the cause.
    while error is not None and not hasattr(error, "diag") and not hasattr(error, "hint"):
        error = getattr(error, "orig", None) or error.__cause__
    # psycopg's errors say it in `diag`, asyncpg's by themselves.
    told: Any = getattr(error, "diag", error)
    if told is None:
        return None
    said = getattr(told, "message_primary", None) or getattr(told, "message", None)
    hint = getattr(told, "message_hint", None) or getattr(told, "hint", None)
    detail = getattr(told, "message_detail", None) or getattr(told, "detail", None) or ""
    message = " ".join(filter(None, (said, hint)))
    match told.sqlstate:
        case "HG001":
            unknown = UnknownJobType(type_name)
            if hint:
                unknown.add_note(hint)
            return unknown
        case "HG002":
            return UnknownQueue(message)
        case "HG003":
            pointer, _, words = detail.partition(": ")
            return InvalidInput(f"The submit does not fit: {words}.", (Fault(pointer, words),))
        case "HG004":
            return IdempotencyMismatch(message)
        case "HG005":
            return CostsCredits(message)
        case "42883" | "3F000" if FUNCTION in message or told.sqlstate == "3F000":
            return Unavailable(f"There is no {FUNCTION} to be seen here: {said}.", hint=NOT_THERE)
        case "42501" if FUNCTION in message:
            return Unavailable(f"This role may not submit: {said}.", hint=GRANT)
    return None
