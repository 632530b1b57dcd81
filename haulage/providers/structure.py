"""Answers that fit a pydantic model: the schema that is sent, and the check of what comes back.

A provider's own promise to keep to the schema is help, not proof: servers skip what they do not
support, and `max_tokens` cuts in the middle of a string. So everything is validated here.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ValidationError

from haulage.domain.provider_errors import BadOutput
from haulage.providers.adapter import Schema

FENCE = re.compile(r"^```[a-zA-Z]*\s*\n(.*)\n?```\s*$", re.DOTALL)
MAX_FAULTS = 5


@lru_cache(maxsize=256)
def schema_of(model: type[BaseModel]) -> Schema:
    """The schema to send for `model`; strict where every object's keys are known."""
    document = model.model_json_schema()
    strict = _is_closed(document)
    return Schema(model.__name__, _tightened(document) if strict else document, strict)


def parse(model: type[BaseModel], text: str) -> BaseModel:
    """The answer as an instance of `model`; raises `BadOutput`, which says what does not fit.

    Takes a fenced block for its content: many models cannot leave the fence away.
    """
    fenced = FENCE.match(text.strip())
    try:
        return model.model_validate_json(fenced[1] if fenced else text)
    except ValidationError as error:
        raise BadOutput(f"The answer does not fit {model.__name__}: {faults_of(error)}") from None


def faults_of(error: ValidationError) -> str:
    """What does not fit and where, without the values: they are document text."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    places = (f"/{'/'.join(str(part) for part in one['loc'])}: {one['type']}" for one in found)
    return "; ".join(list(places)[:MAX_FAULTS])


def _is_closed(node: Any) -> bool:
    """Whether no object in the schema takes keys that it does not name."""
    if isinstance(node, list):
        return all(_is_closed(one) for one in node)
    if not isinstance(node, Mapping):
        return True
    if node.get("type") == "object" and "properties" not in node:
        return False
    if node.get("additionalProperties") not in (None, False):
        return False
    return all(_is_closed(one) for one in node.values())


def _tightened(node: Any) -> Any:
    """The same schema as OpenAI's strict mode wants it: every key required, no others, and no
    defaults, which would not be used."""
    if isinstance(node, list):
        return [_tightened(one) for one in node]
    if not isinstance(node, Mapping):
        return node
    held = {name: _tightened(one) for name, one in node.items() if name != "default"}
    properties = node.get("properties")
    if node.get("type") == "object" and isinstance(properties, Mapping):
        # A property may itself be called `default`.
        held["properties"] = {name: _tightened(one) for name, one in properties.items()}
        held["required"] = list(properties)
        held["additionalProperties"] = False
    return held


def smallest(schema: Mapping[str, Any]) -> Any:
    """A value that fits `schema`: for the scripted provider, which has nothing to say."""
    return _smallest(schema, schema.get("$defs", {}), 0)


def _smallest(node: Mapping[str, Any], defs: Mapping[str, Any], depth: int) -> Any:
    if depth > 32:
        return None
    if "$ref" in node:
        return _smallest(defs[node["$ref"].rpartition("/")[2]], defs, depth + 1)
    if "const" in node:
        return node["const"]
    if "enum" in node:
        return node["enum"][0]
    for union in ("anyOf", "oneOf"):
        if union in node:
            options = node[union]
            null = any(one.get("type") == "null" for one in options)
            return None if null else _smallest(options[0], defs, depth + 1)
    match node.get("type"):
        case "object":
            properties = node.get("properties", {})
            return {name: _smallest(one, defs, depth + 1) for name, one in properties.items()}
        case "array":
            return [_smallest(node["items"], defs, depth + 1)] * node.get("minItems", 0)
        case "string":
            return "x" * node.get("minLength", 0)
        case "integer" | "number":
            return node.get("minimum", node.get("exclusiveMinimum", -1) + 1)
        case "boolean":
            return False
        case _:
            return None
