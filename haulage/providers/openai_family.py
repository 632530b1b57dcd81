"""Everything that speaks OpenAI's language: OpenAI, OpenRouter, llama.cpp, vLLM, and the like."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from haulage.domain.language_model import Message
from haulage.domain.provider_errors import MissingKey
from haulage.providers.adapter import (
    Batch,
    ChatCall,
    ChatReply,
    Claimed,
    EmbedCall,
    EmbedReply,
)
from haulage.providers.transport import Endpoint, Transport, garbled
from haulage.settings.providers import PLACEHOLDER

MOCK_DIMENSIONS = 1024


@dataclass(frozen=True)
class Dialect:
    """Where servers differ. `max_tokens` is the field's name; `needs_key`: none answers without;
    `variable` is the environment's name for it."""

    max_tokens: str = "max_tokens"
    needs_key: bool = False
    variable: str = ""
    extra: Mapping[str, Any] | None = None


OPENAI = Dialect(
    # Reasoning models take no other name, and the others take this one too.
    max_tokens="max_completion_tokens",
    needs_key=True,
    variable="OPENAI_API_KEY",
)
OPENROUTER = Dialect(
    needs_key=True, variable="OPENROUTER_API_KEY", extra={"usage": {"include": True}}
)
COMPATIBLE = Dialect()


class OpenAiFamily:
    """One server; `random` makes the mock vectors."""

    free = False
    # OpenAI takes 2,048 texts and 300,000 tokens a call, a token is a byte at worst; and 8,191
    # tokens of a text, at three bytes each.
    batch = Batch(texts=512, size_bytes=300_000, text_bytes=24_000)

    def __init__(
        self, endpoint: Endpoint, transport: Transport, dialect: Dialect, *, random: Random
    ) -> None:
        self._endpoint = endpoint
        self._transport = transport
        self._dialect = dialect
        self._random = random

    async def chat(self, call: ChatCall) -> ChatReply:
        self._require_key()
        body: dict[str, Any] = {
            "model": call.model,
            "messages": [{"role": one.role, "content": _content(one)} for one in call.messages],
            self._dialect.max_tokens: call.max_tokens,
            **(self._dialect.extra or {}),
        }
        if call.temperature is not None:
            body["temperature"] = call.temperature
        if call.schema is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {
                    "name": call.schema.name,
                    "schema": call.schema.document,
                    "strict": call.schema.strict,
                },
            }
        answer = await self._transport.post(
            self._endpoint, "/chat/completions", body, road=call.road
        )
        return self._chat_reply(answer)

    async def embed(self, call: EmbedCall) -> EmbedReply:
        if self._is_mock():
            return EmbedReply([self._mock_vector(call) for _ in call.texts], Claimed(0, 0), True)
        self._require_key()
        body: dict[str, Any] = {"model": call.model, "input": list(call.texts)}
        if call.dimensions is not None:
            body["dimensions"] = call.dimensions
        answer = await self._transport.post(self._endpoint, "/embeddings", body, road=call.road)
        try:
            rows = sorted(answer["data"], key=lambda row: row["index"])
            vectors = [row["embedding"] for row in rows]
        except (KeyError, TypeError):
            raise garbled(self._endpoint.name, "it holds no vectors") from None
        return EmbedReply(vectors, _claimed(answer))

    async def close(self) -> None: ...

    def _chat_reply(self, answer: Mapping[str, Any]) -> ChatReply:
        name = self._endpoint.name
        try:
            choice = answer["choices"][0]
            message = choice["message"]
            text, ended = message.get("content"), choice.get("finish_reason")
            declined = message.get("refusal")
        except (KeyError, IndexError, TypeError, AttributeError):
            raise garbled(name, "it holds no message") from None
        if declined or ended == "content_filter":
            return ChatReply("", _claimed(answer), declined=True)
        cut = ended == "length"
        if not isinstance(text, str):
            # A reasoning model that has spent all its tokens on thinking says nothing.
            if text is None and cut:
                text = ""
            else:
                raise garbled(name, "its message holds no text")
        return ChatReply(text, _claimed(answer), cut)

    def _require_key(self) -> None:
        if self._dialect.needs_key and (self._is_mock() or not self._endpoint.key.current()):
            raise MissingKey(
                f"There is no key for {self._endpoint.name}: set {self._dialect.variable}, "
                "or name a model that needs none, such as local: or ollama: ones."
            )

    def _is_mock(self) -> bool:
        return self._endpoint.key.current() == PLACEHOLDER

    def _mock_vector(self, call: EmbedCall) -> list[float]:
        size = call.dimensions or MOCK_DIMENSIONS
        return [self._random.uniform(-1.0, 1.0) for _ in range(size)]


def _content(message: Message) -> str | list[dict[str, Any]]:
    """Plain text, or text and pictures in parts."""
    if not message.pictures:
        return message.content
    shown = [f"data:{one.media_type};base64,{one.base64}" for one in message.pictures]
    return [
        {"type": "text", "text": message.content},
        *({"type": "image_url", "image_url": {"url": url}} for url in shown),
    ]


def _claimed(answer: Mapping[str, Any]) -> Claimed:
    usage = answer.get("usage")
    if not isinstance(usage, Mapping):
        return Claimed()
    return Claimed(usage.get("prompt_tokens"), usage.get("completion_tokens"), usage.get("cost"))
