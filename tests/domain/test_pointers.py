"""Pointers lead to a place in what was sent."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from haulage.domain.pointers import complaints, pointer_of


class Page(BaseModel, extra="forbid"):
    kind: Literal["page"]
    number: int


class Span(BaseModel, extra="forbid"):
    kind: Literal["span"]
    first: int


class Order(BaseModel, extra="forbid"):
    words: list[str] | str | None = None
    part: Annotated[Page | Span, Field(discriminator="kind")] | None = None
    any: Page | Span | None = None
    short: Annotated[
        Page | None, BeforeValidator(lambda value: {"kind": "page", "number": value})
    ] = None
    named: dict[str, int] = {}


def pointers(sent: object) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        Order.model_validate(sent)
    return [pointer for pointer, _ in complaints(caught.value, sent)]


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ({"words": 5}, ["/words"]),
        ({"words": ["a", 5]}, ["/words/1"]),
        ({"part": {"kind": "page", "number": "x"}}, ["/part/number"]),
        ({"part": {"kind": "page"}}, ["/part/number"]),
        ({"part": {"kind": "leaf"}}, ["/part"]),
        ({"any": 7}, ["/any"]),
        ({"any": {"kind": "page", "number": 1, "more": 2}}, ["/any/more", "/any/first"]),
        ({"short": "x"}, ["/short"]),
        ({"named": {"a/b": "x", "m~n": "y"}}, ["/named/a~1b", "/named/m~0n"]),
        ([], [""]),
    ],
)
def test_every_pointer_is_one_into_what_was_sent(sent: object, found: list[str]) -> None:
    assert set(found) <= set(pointers(sent))
    for pointer in pointers(sent):
        assert leads(pointer, sent), pointer


def test_members_of_a_union_that_fail_at_one_place_are_told_together() -> None:
    with pytest.raises(ValidationError) as caught:
        Order.model_validate({"words": 5})
    ((_, items),) = complaints(caught.value, {"words": 5})
    assert [item["type"] for item in items] == ["list_type", "string_type"]


def test_a_pointer_escapes_what_rfc_6901_says() -> None:
    assert pointer_of(("a/b", 0, "m~n")) == "/a~1b/0/m~0n"
    assert pointer_of(()) == ""


def leads(pointer: str, sent: object) -> bool:
    """To a value, or to a missing field of an object."""
    parts = [one.replace("~1", "/").replace("~0", "~") for one in pointer.split("/")[1:]]
    for number, part in enumerate(parts):
        if isinstance(sent, dict) and part in sent:
            sent = sent[part]
        elif isinstance(sent, list) and part.isdecimal() and int(part) < len(sent):
            sent = sent[int(part)]
        else:
            return isinstance(sent, dict) and number == len(parts) - 1
    return True
