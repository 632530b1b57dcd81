"""Ollama: free models on a machine of one's own. What it lacks is pulled when it is asked for."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from haulage.domain.language_model import Message
from haulage.domain.provider_errors import ProviderUnavailable, UnsupportedModel
from haulage.providers.adapter import (
    Batch,
    ChatCall,
    ChatReply,
    Claimed,
    EmbedCall,
    EmbedReply,
    Say,
)
from haulage.providers.metering import estimated_tokens
from haulage.providers.transport import Endpoint, Transport, garbled

# Ollama cuts what does not fit its context off without a word, so the context is made to fit.
# A power of two, because each new size loads the model anew.
SMALLEST_CONTEXT = 4_096
LARGEST_CONTEXT = 131_072
SAY_EVERY_PERCENT = 10


@dataclass
class _Pull:
    """One model on its way; everybody who waits for it hears how far it is."""

    task: "asyncio.Task[None]"
    listeners: list[Say] = field(default_factory=list)


class Ollama:
    """One server. `pull_timeout_s` bounds the pull of a model."""

    free = True
    batch = Batch(texts=128, size_bytes=500_000, text_bytes=6_000)

    def __init__(
        self, endpoint: Endpoint, transport: Transport, *, pull_timeout_s: float = 600.0
    ) -> None:
        self._endpoint = endpoint
        self._transport = transport
        self._pull_timeout_s = pull_timeout_s
        self._pulls: dict[str, _Pull] = {}

    async def chat(self, call: ChatCall) -> ChatReply:
        options: dict[str, Any] = {"num_predict": call.max_tokens, "num_ctx": context_for(call)}
        if call.temperature is not None:
            options["temperature"] = call.temperature
        body: dict[str, Any] = {
            "model": call.model,
            "messages": [_message(one) for one in call.messages],
            "stream": False,
            "options": options,
        }
        if call.schema is not None:
            body["format"] = call.schema.document
        answer = await self._post("/api/chat", body, call)
        message = answer.get("message")
        text = message.get("content") if isinstance(message, Mapping) else None
        if not isinstance(text, str):
            raise garbled(self._endpoint.name, "it holds no message")
        claimed = Claimed(answer.get("prompt_eval_count"), answer.get("eval_count"))
        return ChatReply(text, claimed, cut=answer.get("done_reason") == "length")

    async def embed(self, call: EmbedCall) -> EmbedReply:
        # Without `truncate` what is too long is refused instead of cut off without a word.
        body: dict[str, Any] = {"model": call.model, "input": list(call.texts), "truncate": False}
        if call.dimensions is not None:
            body["dimensions"] = call.dimensions
        answer = await self._post("/api/embed", body, call)
        vectors = answer.get("embeddings")
        if not isinstance(vectors, list):
            raise garbled(self._endpoint.name, "it holds no vectors")
        return EmbedReply(vectors, Claimed(answer.get("prompt_eval_count"), 0))

    async def _post(
        self, path: str, body: Mapping[str, Any], call: ChatCall | EmbedCall
    ) -> dict[str, Any]:
        try:
            return await self._transport.post(self._endpoint, path, body, road=call.road)
        except UnsupportedModel:
            await self._pulled(call.model, call.say)
        return await self._transport.post(self._endpoint, path, body, road=call.road)

    async def _pulled(self, model: str, say: Say) -> None:
        """Wait until the model is there; one pull of a model at a time, however many want it.

        The pull goes on when one of those who wait is cancelled: the others still want it.
        """
        pull = self._pulls.get(model)
        if pull is None:
            task = asyncio.get_running_loop().create_task(self._pull(model))
            pull = self._pulls[model] = _Pull(task)
            task.add_done_callback(lambda ended: self._over(model, ended))
        pull.listeners.append(say)
        say(f"Pulling the model {model}.", {})
        await asyncio.shield(pull.task)

    def _over(self, model: str, task: "asyncio.Task[None]") -> None:
        del self._pulls[model]
        if not task.cancelled():
            # Those who wait raise it; when all have gone there is nobody to tell.
            task.exception()

    async def _pull(self, model: str) -> None:
        body = {"model": model, "stream": True}
        told = 0
        done = False
        async with self._transport.stream(
            self._endpoint, "/api/pull", body, timeout_s=self._pull_timeout_s
        ) as response:
            async for line in response.aiter_lines():
                news = _news(line)
                if isinstance(news.get("error"), str):
                    said = self._endpoint.key.blot(news["error"])[:300]
                    raise UnsupportedModel(f"{self._endpoint.name} has no model {model}: {said}.")
                done = done or news.get("status") == "success"
                percent = _percent(news)
                if percent >= told + SAY_EVERY_PERCENT:
                    told = percent - percent % SAY_EVERY_PERCENT
                    for say in self._pulls[model].listeners:
                        say(f"Pulling the model {model}: {told} %.", {"percent": told})
        if not done:
            raise ProviderUnavailable(f"{self._endpoint.name} did not finish pulling {model}.")

    async def close(self) -> None:
        """End what is being pulled."""
        tasks = [pull.task for pull in self._pulls.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _message(message: Message) -> dict[str, Any]:
    said: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.pictures:
        said["images"] = [one.base64 for one in message.pictures]
    return said


def context_for(call: ChatCall) -> int:
    """The size of context that holds the question and its answer."""
    size = SMALLEST_CONTEXT
    while size < min(estimated_tokens(call), LARGEST_CONTEXT):
        size *= 2
    return size


def _news(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _percent(news: Mapping[str, Any]) -> int:
    total, completed = news.get("total"), news.get("completed")
    if not isinstance(total, int) or not isinstance(completed, int) or total <= 0:
        return 0
    return min(max(100 * completed // total, 0), 100)
