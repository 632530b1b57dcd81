"""Logs: one object a line, with what was bound, and without secrets."""

import json
import subprocess
import sys
import traceback
from typing import Any

import pytest
import sqlalchemy as sa

from haulage.storage.database import Database
from haulage.telemetry.logs import mask_secrets


def masked(**fields: Any) -> dict[str, Any]:
    return dict(mask_secrets(None, "info", fields))


@pytest.mark.parametrize(
    "name", ["password", "db_password", "SECRET", "api_key", "apikey", "Authorization", "cookie"]
)
def test_fields_that_look_like_secrets_are_masked(name: str) -> None:
    assert masked(**{name: "hunter2", "other": "hunter3"}) == {name: "***", "other": "hunter3"}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("postgresql://ann:hunter2@host:5432/db", "postgresql://ann:***@host:5432/db"),
        ("postgresql+psycopg://ann:hunter2@host/db", "postgresql+psycopg://ann:***@host/db"),
        ("redis://:hunter2@host:6379/0", "redis://:***@host:6379/0"),
        ("rediss://ann:hunter2@host", "rediss://ann:***@host"),
        ("both a://b:c@d and e://f:g@h", "both a://b:***@d and e://f:***@h"),
        ("http://host:80/path?a=b@c", "http://host:80/path?a=b@c"),
        ("http://ann@host", "http://ann@host"),
    ],
)
def test_only_the_password_of_a_url_is_masked(said: str, shown: str) -> None:
    assert masked(event=said, url=said) == {"event": shown, "url": shown}


PROGRAM = """
import logging, sys, warnings
from uuid import UUID
from haulage.telemetry import logs

logs.configure(level=sys.argv[1], format=sys.argv[2])
log = logs.get("test")
log.debug("below")
logs.bind(request_id="r-1")
log.info("plain", n=1, token="hunter2")
logs.job.set({"job_id": UUID(int=7), "type": "echo"})
log.warning("at work", type="said by the line")
logging.getLogger("other").warning("connect to %s", "redis://:hunter2@host")
logging.getLogger("httpx").info("noise")
warnings.warn("careful")
try:
    raise KeyError("x")
except KeyError:
    log.exception("broken")
"""


def lines_of(level: str, format: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, level, format],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == ""
    assert "hunter2" not in done.stderr
    return done.stderr.splitlines()


def test_every_line_is_an_object_with_what_was_bound() -> None:
    plain, at_work, other, warning, broken = map(json.loads, lines_of("INFO", "json"))
    assert (plain["event"], plain["n"], plain["token"]) == ("plain", 1, "***")
    assert (plain["level"], plain["logger"], plain["request_id"]) == ("info", "test", "r-1")
    assert plain["timestamp"].endswith("Z")
    assert "job_id" not in plain
    assert (at_work["job_id"], at_work["type"]) == (
        "00000000-0000-0000-0000-000000000007",
        "said by the line",
    )
    assert (other["event"], other["level"]) == ("connect to redis://:***@host", "warning")
    assert "careful" in warning["event"]
    assert "KeyError: 'x'" in broken["exception"]


def test_a_level_drops_what_is_below_it() -> None:
    assert [json.loads(line)["event"] for line in lines_of("ERROR", "json")] == ["broken"]


def test_for_people_lines_are_words() -> None:
    lines = lines_of("INFO", "console")
    assert "plain" in lines[0]
    assert "request_id=r-1" in lines[0]


def test_secrets_inside_of_fields_are_masked_and_counts_are_not() -> None:
    said = masked(request={"headers": {"Authorization": "hunter2"}}, input_tokens=12)
    assert said == {"request": {"headers": {"Authorization": "***"}}, "input_tokens": 12}


@pytest.mark.parametrize("format", ["json", "console"])
def test_a_password_quoted_by_a_trace_is_masked(format: str) -> None:
    program = f"""
from haulage.telemetry import logs
logs.configure(format={format!r})
try:
    raise OSError("can't reach s3://ann:hunter2@host")
except OSError:
    logs.get("test").exception("broken")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "s3://ann:***@host" in done.stderr
    assert "hunter2" not in done.stderr


async def insert_refused(database: Database, row: str) -> None:
    async with database.transaction() as connection:
        checked = "CREATE TEMP TABLE tried (input text CHECK (input = '')) ON COMMIT DROP"
        await connection.execute(sa.text(checked))
        await connection.execute(sa.text("INSERT INTO tried VALUES (:row)"), {"row": row})


async def test_a_row_that_a_constraint_refuses_is_not_quoted(database: Database) -> None:
    row = "Rosebud (a sledge).\n\n(in the snow)"
    with pytest.raises(sa.exc.IntegrityError) as caught:
        await insert_refused(database, row)
    text = "".join(traceback.format_exception(caught.value))
    assert "Rosebud" in text
    said = masked(exception=text)["exception"]
    assert "Failing row: not shown." in said
    assert "tried_input_check" in said
    assert not any(word in said for word in ("Rosebud", "sledge", "snow"))
    assert said.endswith(text[-100:])


FORGED = 'a\n{"event": "forged"}\r\x1b[2K\u2028b'


@pytest.mark.parametrize("format", ["json", "console"])
def test_nobody_can_make_up_a_line(format: str) -> None:
    program = f"""
import logging
from haulage.telemetry import logs
logs.configure(format={format!r})
said = {FORGED!r}
logs.get("test").info("http.answered", path=said)
logging.getLogger("other").warning("no such thing: %s", said)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    lines = done.stderr.split("\n")
    assert len(lines) == 3, lines
    assert lines[2] == ""
    assert all(line.isprintable() for line in lines)
    assert "forged" in lines[0]
    assert "forged" in lines[1]


def test_a_trace_can_not_make_up_a_line_for_people() -> None:
    program = f"""
import logging
from haulage.telemetry import logs
logs.configure(format="console")
try:
    try:
        raise ValueError({FORGED!r})
    except ValueError as error:
        raise RuntimeError({FORGED!r}) from error
except RuntimeError:
    logs.get("test").exception("broken")
    logging.getLogger("other").exception("broken", stack_info=True)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    lines = done.stderr.split("\n")
    assert lines.pop() == ""
    between = {"", "=" * 79}  # a stack and a trace
    at_the_margin = [line for line in lines if not line.startswith("    ") and line not in between]
    assert [("broken" in line, line.isprintable()) for line in at_the_margin] == [(True, True)] * 2
    assert sum("forged" in line for line in lines) >= 4
    assert all(line.isprintable() for line in lines)


def test_a_line_says_tenant_and_trace_of_what_it_is_about() -> None:
    program = """
from haulage.telemetry import logs
logs.configure()
logs.job.set({"request_id": "r", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"})
logs.add(tenant="acme")
logs.get("test").info("one")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    line = json.loads(done.stderr)
    told = {name: line.get(name) for name in ("request_id", "tenant", "trace_id", "traceparent")}
    assert told == {
        "request_id": "r",
        "tenant": "acme",
        "trace_id": "a" * 32,
        "traceparent": None,
    }
