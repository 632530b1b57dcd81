"""Google's Gemini, by its REST interface."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

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

DECLINED = {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE"}


class Gemini:
    """One account."""

    free = False
    # 100 texts a call; one of them holds 2,048 tokens, what is beyond is cut off without a word.
    batch = Batch(texts=100, size_bytes=300_000, text_bytes=6_000)

    def __init__(self, endpoint: Endpoint, transport: Transport) -> None:
        self._endpoint = endpoint
        self._transport = transport

    async def chat(self, call: ChatCall) -> ChatReply:
        config: dict[str, Any] = {"maxOutputTokens": call.max_tokens}
        if call.temperature is not None:
            config["temperature"] = call.temperature
        if call.schema is not None:
            config["responseMimeType"] = "application/json"
            config["responseJsonSchema"] = call.schema.document
        system = [_part(one.content) for one in call.messages if one.role == "system"]
        body: dict[str, Any] = {
            "contents": [
                {
                    "role": "model" if one.role == "assistant" else "user",
                    "parts": _parts(one),
                }
                for one in call.messages
                if one.role != "system"
            ],
            "generationConfig": config,
        }
        if system:
            body["systemInstruction"] = {"parts": system}
        return self._reply(await self._post(call, "generateContent", body))

    async def embed(self, call: EmbedCall) -> EmbedReply:
        wanted: dict[str, Any] = {"model": f"models/{call.model}"}
        if call.dimensions is not None:
            wanted["outputDimensionality"] = call.dimensions
        requests = [{**wanted, "content": {"parts": [_part(text)]}} for text in call.texts]
        answer = await self._post(call, "batchEmbedContents", {"requests": requests})
        try:
            return EmbedReply([one["values"] for one in answer["embeddings"]])
        except (KeyError, TypeError):
            raise garbled(self._endpoint.name, "it holds no vectors") from None

    async def close(self) -> None: ...

    async def _post(
        self, call: ChatCall | EmbedCall, method: str, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        if not self._endpoint.key.current():
            raise MissingKey(
                "There is no key for gemini: set GEMINI_API_KEY, "
                "or name a model that needs none, such as local: or ollama: ones."
            )
        path = f"/models/{quote(call.model, safe='')}:{method}"
        return await self._transport.post(self._endpoint, path, body, road=call.road)

    def _reply(self, answer: Mapping[str, Any]) -> ChatReply:
        usage = answer.get("usageMetadata")
        claimed = _claimed(usage if isinstance(usage, Mapping) else {})
        feedback = answer.get("promptFeedback")
        if isinstance(feedback, Mapping) and feedback.get("blockReason"):
            return ChatReply("", claimed, declined=True)
        try:
            candidate = answer["candidates"][0]
            ended = candidate.get("finishReason")
            parts = (candidate.get("content") or {}).get("parts") or ()
            text = "".join(one.get("text", "") for one in parts if not one.get("thought"))
        except (KeyError, IndexError, TypeError, AttributeError):
            raise garbled(self._endpoint.name, "it holds no candidate") from None
        if ended in DECLINED:
            return ChatReply("", claimed, declined=True)
        return ChatReply(text, claimed, cut=ended == "MAX_TOKENS")


def _parts(message: Message) -> list[dict[str, Any]]:
    shown = [
        {"inlineData": {"mimeType": one.media_type, "data": one.base64}} for one in message.pictures
    ]
    return [_part(message.content), *shown]


def _part(text: str) -> dict[str, str]:
    return {"text": text}


def _claimed(usage: Mapping[str, Any]) -> Claimed:
    """Thoughts are paid as output."""
    said, thought = usage.get("candidatesTokenCount"), usage.get("thoughtsTokenCount")
    if isinstance(thought, int):
        said = thought + said if isinstance(said, int) else thought
    return Claimed(usage.get("promptTokenCount"), said)
