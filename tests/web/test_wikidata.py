"""Looking people up in Wikidata, against a server that answers in its shapes."""

import json
from urllib.parse import urlencode

import pytest

from haulage.domain.errors import NotRetryable
from haulage.web.fetcher import Fetcher
from haulage.web.wikidata import find_human
from tests.web.conftest import Site

HUMAN = {"P31": [{"mainsnak": {"datavalue": {"value": {"id": "Q5"}}}}]}
TOWN = {"P31": [{"mainsnak": {"datavalue": {"value": {"id": "Q3957"}}}}]}


def says(site: Site, query: dict[str, str], answer: object) -> None:
    path = f"/api?{urlencode({**query, 'format': 'json'})}"
    site.answers(path, json.dumps(answer), content_type="application/json; charset=utf-8")


def wikidata(site: Site, name: str, found: dict[str, str], claims: dict[str, object]) -> None:
    """What is found for `name`, id and label, and what each of these is."""
    query = {
        "action": "wbsearchentities", "search": name, "language": "en", "type": "item",
        "limit": "7",
    }  # fmt: skip
    says(site, query, {"search": [{"id": one, "label": label} for one, label in found.items()]})
    same = [one for one, label in found.items() if label == name]
    entities = {one: {"claims": claims[one]} for one in same}
    query = {
        "action": "wbgetentities", "ids": "|".join(same), "props": "claims", "languages": "en",
    }  # fmt: skip
    says(site, query, {"entities": entities})


@pytest.mark.parametrize(
    ("found", "claims", "expected"),
    [
        ({"Q1": "Ada Rossi", "Q2": "Ada Rossini"}, {"Q1": HUMAN}, "Q1"),
        ({"Q1": "Ada Rossi", "Q2": "Ada Rossi"}, {"Q1": TOWN, "Q2": HUMAN}, "Q2"),
        ({"Q1": "Ada Rossi", "Q2": "Ada Rossi"}, {"Q1": HUMAN, "Q2": HUMAN}, None),
        ({"Q1": "Ada Rossi"}, {"Q1": {}}, None),
        ({"Q2": "Ada Rossini"}, {}, None),
        ({}, {}, None),
    ],
    ids=["one", "one human", "two humans", "nothing known", "another name", "nobody"],
)
async def test_an_id_is_told_when_one_human_bears_the_name(
    site: Site, found: dict[str, str], claims: dict[str, object], expected: str | None
) -> None:
    wikidata(site, "Ada Rossi", found, claims)
    fetcher = Fetcher(allow_private=True)
    assert await find_human(fetcher, "Ada Rossi", url=site.url("/api")) == expected


@pytest.mark.parametrize("answer", ["{", "[]", '{"error": {"code": "ratelimited"}}'])
async def test_an_answer_that_is_none_is_refused(site: Site, answer: str) -> None:
    query = {
        "action": "wbsearchentities", "search": "Ada", "language": "en", "type": "item",
        "limit": "7", "format": "json",
    }  # fmt: skip
    site.answers(f"/api?{urlencode(query)}", answer, content_type="application/json")
    with pytest.raises(NotRetryable, match="no usable answer"):
        await find_human(Fetcher(allow_private=True), "Ada", url=site.url("/api"))


async def test_a_private_address_is_refused_as_everywhere(site: Site) -> None:
    with pytest.raises(NotRetryable, match="not a public address"):
        await find_human(Fetcher(), "Ada", url=site.url("/api"))
    assert site.requests == []
