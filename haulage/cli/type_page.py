"""A job type as a section of a Markdown page, from its document as the API shows it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any


def section_of(document: Mapping[str, Any]) -> Iterator[str]:
    """The section's paragraphs: the title, the description, then everything else."""
    policy = document["policy"]
    backoff = policy["backoff"]
    yield f"## {document['name']}\n"
    yield f"{document['description']}\n"
    yield (
        f"Runs on the {document['pool']} pool, queue `{document['queue']}`. "
        f"At most {policy['max_attempts']} attempts of {policy['timeout_s']:g} s each; "
        f"{backoff['base_s']:g} s before the second, times {backoff['factor']:g} from there, "
        f"at most {backoff['max_s']:g} s. "
        f"Quarantined after {policy['max_crashes']} crashes of its worker.\n"
    )
    if document["example"] is not None:
        example = json.dumps(document["example"], ensure_ascii=False, indent=2)
        yield f"Example input:\n\n```json\n{example}\n```\n"
    yield from _model("input", document["input_schema"], asks=True)
    yield from _model("result", document["result_schema"], asks=False)


def _model(title: str, schema: Mapping[str, Any], *, asks: bool) -> Iterator[str]:
    yield f"**{title}**\n"
    yield _fields(schema, asks=asks) if "properties" in schema else f"{_kind(schema)}\n"
    for name, nested in schema.get("$defs", {}).items():
        if "properties" in nested:
            yield f"{title}, `{name}`:\n"
            yield _fields(nested, asks=asks)


def _fields(schema: Mapping[str, Any], *, asks: bool) -> str:
    required = schema.get("required", ())
    rows: list[tuple[str, ...]] = []
    for name, field in schema["properties"].items():
        note = field.get("description", "")
        if asks:
            default = json.dumps(field.get("default"), ensure_ascii=False)
            note += " Required." if name in required else f" Default `{default}`."
        rows.append((f"`{name}`", _kind(field), note.strip()))
    return table_of(("field", "type", "meaning"), rows)


def _kind(field: Mapping[str, Any]) -> str:
    if field.get("$ref") == "#/$defs/JsonValue":
        return "any JSON"
    if "$ref" in field:
        return f"`{field['$ref'].rpartition('/')[2]}`"
    if "enum" in field or "const" in field:
        values = field.get("enum", [field.get("const")])
        return " or ".join(f"`{json.dumps(value)}`" for value in values)
    if "anyOf" in field:
        return " or ".join(_kind(option) for option in field["anyOf"])
    kind = str(field.get("format") or field.get("type") or "any JSON")
    if kind == "array":
        return f"list of {_kind(field['items'])}"
    low, high = field.get("minimum"), field.get("maximum")
    return f"{kind}, {low:g} to {high:g}" if low is not None and high is not None else kind


def table_of(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    cells = [[" ".join(cell.split()).replace("|", "\\|") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)
