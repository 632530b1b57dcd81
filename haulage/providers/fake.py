"""`fake:` models: scripted, free, no network. For tests and for trying a job type without a key.

`fake:echo` repeats the last message; where an output is asked for and the message is no JSON that
could be one, it gives the smallest value that fits. Vectors are made of the text's hash: equal
texts have equal vectors. Other models are what a `Script` says.
"""

import hashlib
import json
import struct
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from haulage.domain.provider_errors import UnsupportedModel
from haulage.providers.adapter import Batch, ChatCall, ChatReply, Claimed, EmbedCall, EmbedReply
from haulage.providers.structure import smallest

Script = Callable[[ChatCall], ChatReply | str]

DIMENSIONS = 64


class Fake:
    """`scripts` are more models by name: each takes a call and gives the answer or raises."""

    free = True
    batch = Batch(texts=100, size_bytes=1_000_000, text_bytes=100_000)

    def __init__(self, scripts: Mapping[str, Script] | None = None) -> None:
        self._scripts: dict[str, Script] = {"echo": echo, **(scripts or {})}
        # What was asked last, for tests.
        self.chats: deque[ChatCall] = deque(maxlen=1000)
        self.embeds: deque[EmbedCall] = deque(maxlen=1000)

    async def chat(self, call: ChatCall) -> ChatReply:
        self.chats.append(call)
        script = self._scripts.get(call.model)
        if script is None:
            names = ", ".join(sorted(self._scripts))
            raise UnsupportedModel(f"There is no model fake:{call.model}; there are {names}.")
        said = script(call)
        return said if isinstance(said, ChatReply) else ChatReply(said, _counted(call, said))

    async def embed(self, call: EmbedCall) -> EmbedReply:
        self.embeds.append(call)
        size = call.dimensions or DIMENSIONS
        words = sum(len(text.split()) for text in call.texts)
        return EmbedReply([vector_of(text, size) for text in call.texts], Claimed(words, 0))

    async def close(self) -> None: ...


def echo(call: ChatCall) -> str:
    """The last message, or the smallest answer that fits."""
    said = call.messages[-1].content
    return (
        said
        if call.schema is None or _is_object(said)
        else json.dumps(smallest(call.schema.document))
    )


def vector_of(text: str, size: int) -> list[float]:
    """`size` numbers within -1..1, always the same for the same text."""
    raw = hashlib.shake_256(text.encode()).digest(2 * size)
    return [value / 32_768 for value in struct.unpack(f">{size}h", raw)]


def _counted(call: ChatCall, said: str) -> Claimed:
    """A word is a token here."""
    return Claimed(sum(len(one.content.split()) for one in call.messages), len(said.split()))


def _is_object(text: str) -> bool:
    try:
        found: Any = json.loads(text)
    except ValueError:
        return False
    return isinstance(found, dict)
