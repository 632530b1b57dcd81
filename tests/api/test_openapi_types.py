"""Every job type's input and result stand in the OpenAPI document."""

import re

import httpx
import pytest
from pydantic import BaseModel

from haulage.domain.job_type import Registry, job_type


class Word(BaseModel):
    text: str
    more: "list[Word]" = []


@pytest.fixture
def registry() -> Registry:
    registry = Registry()

    @job_type("spell.v2", registry=registry)
    async def spell(input: Word, ctx: object) -> dict[str, Word]:
        return {input.text: input}

    return registry


async def test_a_types_models_are_components_under_its_name(http: httpx.AsyncClient) -> None:
    text = (await http.get("/openapi.json")).text
    schemas = httpx.Response(200, text=text).json()["components"]["schemas"]
    assert schemas["spell.v2.input.Word"]["required"] == ["text"]
    assert schemas["spell.v2.result"]["additionalProperties"]
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert "spell.v2.input.Word" in referred
    assert referred <= schemas.keys()
