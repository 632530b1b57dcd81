"""Pydantic's complaints in our words: pointers, parameters, nearest names."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from haulage.domain.errors import Fault
from haulage.domain.pointers import complaints


@dataclass(frozen=True)
class QueryFault:
    """One query parameter that does not fit."""

    parameter: str
    message: str


@dataclass(frozen=True)
class HeaderFault:
    """One header field that does not fit."""

    header: str
    message: str


def body_faults(error: ValidationError, model: type[BaseModel], sent: object) -> list[Fault]:
    """What does not fit in the body that was `sent`."""
    found = []
    for pointer, items in complaints(error, sent):
        told = dict.fromkeys(_message(item, model.model_fields, "field") for item in items)
        found.append(Fault(pointer, " or: ".join(told)))
    return found


def query_faults(found: Sequence[Any], route: Any) -> list[QueryFault]:
    """What does not fit in a query string; `route` knows which parameters there are."""
    known = _parameters(route)
    return [
        QueryFault(str(item["loc"][1]), _message(item, known, "parameter"))
        for item in found
        if len(item["loc"]) > 1
    ]


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.5) -> str:
    """A question that names the nearest of `known`, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f" Did you mean {close[0]!r}?" if close else ""


def _message(item: Mapping[str, Any], known: Iterable[str], noun: str) -> str:
    name = str(item["loc"][-1]) if item["loc"] else ""
    match item["type"]:
        case "extra_forbidden":
            return f"unknown {noun}.{nearest(name, known)}"
        case "missing":
            return "is required"
        case "value_error":
            return str(item["msg"]).removeprefix("Value error, ")
        case "model_type" | "dict_type":
            return "must be a JSON object"
        case _:
            return str(item["msg"])


def _parameters(route: Any) -> list[str]:
    dependant = getattr(route, "dependant", None)
    names: list[str] = []
    for parameter in getattr(dependant, "query_params", ()):
        model = parameter.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            names += model.model_fields
        else:
            names.append(parameter.alias)
    return names
