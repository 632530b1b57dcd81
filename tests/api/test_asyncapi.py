"""The AsyncAPI document; that what is emitted fits it is checked after every test with services."""

import httpx
import jsonschema_rs

from haulage.api.event_models import MODELS
from haulage.domain.job import EventKind
from haulage.domain.webhook import WebhookEvent


async def test_it_names_each_kind_of_event_and_its_examples_fit(http: httpx.AsyncClient) -> None:
    document = (await http.get("/asyncapi.json")).json()
    assert document["asyncapi"] == "3.0.0"
    messages = document["components"]["messages"]
    assert set(MODELS) == {kind.value for kind in EventKind}
    assert set(messages) == {*MODELS, *WebhookEvent}
    for message in messages.values():
        (example,) = message["examples"]
        schema = {**message["payload"], "components": document["components"]}
        jsonschema_rs.validator_for(schema).validate(example["payload"])


async def test_openapi_says_what_endpoints_are_sent(http: httpx.AsyncClient) -> None:
    document = (await http.get("/openapi.json")).json()
    assert set(document["webhooks"]) == set(WebhookEvent)
    for told in document["webhooks"].values():
        content = told["post"]["requestBody"]["content"]["application/json"]
        schema = {**content["schema"], "components": document["components"]}
        jsonschema_rs.validator_for(schema).validate(content["example"])


async def test_every_reference_leads_somewhere(http: httpx.AsyncClient) -> None:
    document = (await http.get("/asyncapi.json")).json()
    for reference in references(document):
        place = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def references(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [one for part in value.values() for one in references(part)]
    return [one for part in value for one in references(part)] if isinstance(value, list) else []
