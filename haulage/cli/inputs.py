"""What people type on a command line, made into a job's input and options. Nothing is sent here."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import typer

from haulage.domain.file_ids import MARK

_DURATION = re.compile(r"\+?(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)?")
_UNIT_S = {"ms": 0.001, "s": 1, "": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


def read_input(text: str | None) -> Any:
    """`--input`: JSON, `@file.json`, or `-` for stdin; raises `BadParameter`."""
    if text is None:
        return {}
    if text == "-":
        text, source = sys.stdin.read(), "stdin"
    elif text.startswith("@"):
        source = text[1:]
        try:
            text = Path(source).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise typer.BadParameter(f"cannot read {source}: {error}") from None
    else:
        source = "--input"
    try:
        return json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{source} is not JSON: {error}. "
            'Write {"name": "value"} in single quotes, or use --field name=value.'
        ) from None


def read_fields(pairs: Sequence[str]) -> dict[str, str]:
    """`--field name=value`, still text; raises `BadParameter`."""
    fields = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise typer.BadParameter(f"{pair!r} is not name=value", param_hint="--field")
        fields[name] = value
    return fields


def read_files(arguments: Sequence[str]) -> list[tuple[str | None, Path]]:
    """`--file name=path` fills the field `name`; `--file path` one that the type's schema names, so
    far None. In their order; raises `BadParameter`."""
    files: list[tuple[str | None, Path]] = []
    for argument in arguments:
        name, separator, path = argument.partition("=")
        if not separator or Path(argument).exists():
            name, path = "", argument
        if not Path(path).is_file():
            raise typer.BadParameter(f"there is no file {path}", param_hint="--file")
        files.append((name or None, Path(path)))
    return files


def place_files(
    files: Sequence[tuple[str | None, Path]], properties: Mapping[str, Mapping[str, Any]]
) -> dict[str, Path | list[Path]]:
    """By field: a file, or a list of them where the type's JSON Schema wants a list. A file without
    a name goes to the type's only field of files, else to `file`. Raises `BadParameter`."""
    takers = [name for name, schema in properties.items() if _takes_files(schema)]
    usual = takers[0] if len(takers) == 1 else "file"
    placed: dict[str, Path | list[Path]] = {}
    for given, path in files:
        name = given or usual
        before = placed.get(name, [])
        if "array" in _allowed(properties.get(name, {})) and isinstance(before, list):
            placed[name] = [*before, path]
        elif before:
            raise typer.BadParameter(
                f"two files for the field {name!r}; use --file name=path", param_hint="--file"
            )
        else:
            placed[name] = path
    return placed


def typed_fields(
    fields: Mapping[str, str], properties: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Fields as the properties of the type's JSON Schema want them."""
    return {name: typed_value(text, properties.get(name)) for name, text in fields.items()}


def typed_value(text: str, schema: Mapping[str, Any] | None) -> Any:
    """A field's text as the type's JSON Schema wants it: text stays text where text is allowed.

    What cannot be read as JSON stays text too; the API then says what it should have been.
    """
    allowed = _allowed(schema or {})
    if "string" in allowed:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def read_moment(text: str | None, now: datetime | None = None) -> datetime | None:
    """ISO 8601 (local time unless it names a zone) or `+10m`; raises `BadParameter`."""
    if text is None:
        return None
    if text.startswith("+"):
        return (now or datetime.now(UTC)) + timedelta(seconds=_seconds(text, "--run-at"))
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is neither a time such as 2026-01-31T18:00 nor a delay such as +10m",
            param_hint="--run-at",
        ) from None


def read_past(text: str, hint: str, now: datetime | None = None) -> datetime:
    """ISO 8601 (local time unless it names a zone) or `2h`, two hours ago; raises `BadParameter`.

    A date alone is its first moment.
    """
    if _DURATION.fullmatch(text.removeprefix("-")) and not text.startswith("+"):
        ago = timedelta(seconds=_seconds(text.removeprefix("-"), hint))
        return (now or datetime.now(UTC)) - ago
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is neither a time such as 2026-01-31T18:00 nor an age such as 2h",
            param_hint=hint,
        ) from None


def read_duration(text: str | None, hint: str = "--timeout") -> float | None:
    """`90`, `90s`, `10m`, `2h` in seconds; raises `BadParameter`."""
    return None if text is None else _seconds(text, hint)


def _seconds(text: str, hint: str) -> float:
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(
            f"{text!r} is not a duration such as 90s, 10m or 2h", param_hint=hint
        )
    return float(match[1]) * _UNIT_S[match[2] or ""]


def _allowed(schema: Mapping[str, Any]) -> set[str]:
    if "enum" in schema or "const" in schema:
        values = schema.get("enum") or [schema.get("const")]
        return {"string"} if any(isinstance(value, str) for value in values) else {"other"}
    allowed = schema.get("type", ())
    found = {allowed} if isinstance(allowed, str) else set(allowed)
    for alternative in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        found |= _allowed(alternative)
    return found


def _takes_files(schema: Mapping[str, Any]) -> bool:
    inner = (*schema.get("anyOf", ()), *schema.get("oneOf", ()), schema.get("items") or {})
    return MARK in schema or any(_takes_files(one) for one in inner if one)
