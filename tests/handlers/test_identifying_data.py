"""`identifying_data`: whoever a model or the rules name, the text has the last word."""

from typing import Any

import pytest

from haulage.domain.errors import NotRetryable
from haulage.domain.language_model import ChatRequest
from haulage.domain.provider_errors import ProviderUnavailable
from haulage.handlers import identifying_data as module
from haulage.handlers.identifying_data import Named, PeopleInput, identifying_data
from haulage.testing import FakeContext

TEXT = "Vito Leccese, sindaco di Bari, ha parlato ieri. Poi Leccese e Xu Lee tacquero."


def naming(*people: tuple[str, list[str], str | None]) -> Any:
    def say(request: ChatRequest) -> Any:
        named = [Named(name=name, aliases=aliases, role=role) for name, aliases, role in people]
        return request.output(people=named)

    return say


async def found(ctx: FakeContext, text: str = TEXT, **more: Any) -> list[dict[str, Any]]:
    result = await identifying_data(PeopleInput(text=text, **more), ctx)
    for person in result.people:
        for mention in person.mentions:
            assert text[mention.start : mention.end] == mention.text
    return [person.model_dump() for person in result.people]


async def test_rules_find_people_without_a_key() -> None:
    [mayor] = await found(FakeContext())
    assert mayor == {
        "name": "Vito Leccese",
        "aliases": ["Leccese"],
        "role": "sindaco di Bari",
        "mentions": [
            {"start": 0, "end": 12, "text": "Vito Leccese"},
            {"start": 52, "end": 59, "text": "Leccese"},
        ],
        "wikidata_id": None,
    }


async def test_a_model_names_and_the_text_says_where() -> None:
    ctx = FakeContext(
        on_chat=naming(
            ("Vito Leccese", ["Leccese", "il sindaco", "he"], "sindaco di Bari"),
            ("Xu Lee", [], None),
        )
    )
    mayor, ann = await found(ctx)
    assert (mayor["aliases"], len(mayor["mentions"])) == (["Leccese"], 2)
    assert (ann["name"], ann["mentions"][0]["text"]) == ("Xu Lee", "Xu Lee")


async def test_somebody_the_text_does_not_name_is_left_out() -> None:
    ctx = FakeContext(on_chat=naming(("Aldo Moro", ["Moro"], "statista"), ("Xu Lee", [], None)))
    assert [person["name"] for person in await found(ctx)] == ["Xu Lee"]


async def test_a_name_the_model_made_fuller_is_the_fullest_form_in_the_text() -> None:
    ctx = FakeContext(on_chat=naming(("Vito Antonio Leccese", ["Vito Leccese", "Leccese"], None)))
    [mayor] = await found(ctx)
    assert (mayor["name"], mayor["aliases"]) == ("Vito Leccese", ["Leccese"])


async def test_a_long_text_is_asked_part_by_part_and_people_are_joined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PART_CHARACTERS", 60)

    def say(request: ChatRequest) -> Any:
        part = request.messages[1].content
        full = "Vito Leccese" in part
        name = "Vito Leccese" if full else "Leccese"
        named = Named(name=name, aliases=["Leccese"], role=None if full else "sindaco")
        return request.output(people=[named] if "Leccese" in part else [])

    ctx = FakeContext(on_chat=say)
    [mayor] = await found(ctx)
    assert len(ctx.asked) == 2
    assert (mayor["name"], mayor["role"], len(mayor["mentions"])) == ("Vito Leccese", "sindaco", 2)


@pytest.mark.parametrize("falls_back", [True, False])
async def test_rules_stand_in_only_where_the_chain_says_so(falls_back: bool) -> None:
    def away(_request: ChatRequest) -> Any:
        raise ProviderUnavailable("It is down.")

    model = ["fake:a", "local"] if falls_back else "fake:a"
    if falls_back:
        assert len(await found(FakeContext(on_chat=away), model=model)) == 1
    else:
        with pytest.raises(ProviderUnavailable):
            await found(FakeContext(on_chat=away), model=model)


async def test_wikidata_is_not_asked_unless_somebody_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def look(_fetcher: object, name: str, *, url: str) -> str:
        asked.append(f"{name} at {url}")
        return "Q1"

    monkeypatch.setattr("haulage.web.wikidata.find_human", look)
    ctx = FakeContext(settings={"wikidata_url": "http://here/"})
    assert (await found(ctx))[0]["wikidata_id"] is None
    assert asked == []
    assert (await found(ctx, wikidata=True))[0]["wikidata_id"] == "Q1"
    assert asked == ["Vito Leccese at http://here/"]


async def test_wikidata_away_costs_the_ids_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def look(_fetcher: object, name: str, *, url: str) -> str:
        asked.append(name)
        raise NotRetryable("No.", code="http_403")

    monkeypatch.setattr("haulage.web.wikidata.find_human", look)
    names = ["Anna Bianchi", "Mario Rossi", "Paolo Verdi", "Luca Neri"]
    people = await found(FakeContext(), text=", ".join(names) + ".", wikidata=True)
    assert [person["name"] for person in people] == names
    assert [person["wikidata_id"] for person in people] == [None] * 4
    # After two failures it is left alone.
    assert asked == names[:2]
