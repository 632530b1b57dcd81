"""The vendors' own clients understand the simulated providers, and what we send is what they send.

So a simulation that is strict with us is strict about the right things. Each test imports its
client itself: they take seconds, and every process of a run collects this file.
"""

from typing import Any

import pytest
from pydantic import BaseModel
from simulated_provider import GOOD_KEY, Running

from tests.providers.conftest import Desk

TEXT = '{"name": "Ada"}'


class Person(BaseModel):
    name: str


def last_body(provider: Running) -> dict[str, Any]:
    return provider.look()["calls"][-1]["body"]  # type: ignore[no-any-return]


async def test_openais_client_reads_the_answer_and_sends_what_we_send(
    provider: Running, desk: Desk
) -> None:
    import openai

    async with openai.AsyncOpenAI(api_key=GOOD_KEY, base_url=provider.url) as client:
        answer = await client.chat.completions.parse(
            model="m",
            messages=[{"role": "user", "content": TEXT}],
            max_completion_tokens=50,
            response_format=Person,
        )
        assert answer.choices[0].message.parsed == Person(name="Ada")
        theirs = last_body(provider)
        vectors = await client.embeddings.create(
            model="m", input=["a"], dimensions=4, encoding_format="float"
        )
        assert len(vectors.data[0].embedding) == 4
        with pytest.raises(openai.RateLimitError):
            await client.with_options(max_retries=0).chat.completions.create(
                model="do/429", messages=[{"role": "user", "content": "x"}]
            )
    await desk.ask("openai:m", text=TEXT, output=Person, max_tokens=50)
    ours = last_body(provider)
    assert {**ours, "stream": False} == {"stream": False, **theirs}


async def test_googles_client_reads_the_answer_and_sends_what_we_send(
    provider: Running, desk: Desk
) -> None:
    from google import genai
    from google.genai import types

    options = types.HttpOptions(base_url=provider.root, api_version="v1beta")
    client = genai.Client(api_key=GOOD_KEY, http_options=options)
    answer = await client.aio.models.generate_content(
        model="m",
        contents=TEXT,
        config=types.GenerateContentConfig(
            max_output_tokens=50,
            response_mime_type="application/json",
            response_json_schema=Person.model_json_schema(),
        ),
    )
    assert (answer.text, answer.usage_metadata.prompt_token_count) == (TEXT, 9)
    theirs = last_body(provider)
    vectors = await client.aio.models.embed_content(
        model="m", contents=["a", "b"], config=types.EmbedContentConfig(output_dimensionality=4)
    )
    assert [len(one.values) for one in vectors.embeddings] == [4, 4]
    with pytest.raises(genai.errors.ClientError):
        await client.aio.models.generate_content(model="exhausted", contents="x")
    await desk.ask("gemini:m", text=TEXT, output=Person, max_tokens=50)
    ours = last_body(provider)
    assert ours["contents"] == theirs["contents"]
    assert set(ours["generationConfig"]) == set(theirs["generationConfig"])


async def test_ollamas_client_reads_the_answer_and_sends_what_we_send(
    provider: Running, desk: Desk
) -> None:
    import ollama

    client = ollama.AsyncClient(host=provider.root)
    answer = await client.chat(
        "m",
        messages=[{"role": "user", "content": TEXT}],
        format=Person.model_json_schema(),
        options={"num_predict": 50, "num_ctx": 4096},
    )
    assert (answer.message.content, answer.eval_count) == (TEXT, 2)
    theirs = last_body(provider)
    vectors = await client.embed("m", input=["a", "b"], truncate=False)
    assert len(vectors.embeddings) == 2
    news = [one async for one in await client.pull("absent-by-theirs", stream=True)]
    assert news[-1].status == "success"
    with pytest.raises(ollama.ResponseError, match="try pulling it first"):
        await client.chat("absent-for-good", messages=[{"role": "user", "content": "x"}])
    await desk.ask("ollama:m", text=TEXT, output=Person, max_tokens=50)
    ours = last_body(provider)
    assert set(ours) - set(theirs) == set()
    assert ours["options"] == theirs["options"]
