"""Vectors of texts: cut to what a model reads, gathered from all jobs, remembered.

A text longer than its model reads is cut at spaces and gets the mean of its pieces' vectors,
weighted by their length and of length one, so that no part of it is lost without a word. Equal
pieces are asked for once. What is known costs nothing; a cache that does not answer is no cache.
"""

import hashlib
import math
import struct
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from uuid import uuid4

from haulage.domain.errors import HaulageError, Snoozed, Unavailable
from haulage.domain.language_model import NOTHING, Caller, Embeddings, ModelUsage, Vector
from haulage.domain.limits import Asker
from haulage.domain.ports import RoadPass, Traffic, UsageLedger, VectorCache
from haulage.providers.adapter import Adapter, EmbedCall
from haulage.providers.call_spans import call_span, tell_usage
from haulage.providers.gathering import Gathering
from haulage.providers.metering import Price, embed_usage, estimated_embed_tokens
from haulage.providers.meters import meters_of
from haulage.providers.route import Hop
from haulage.providers.transport import garbled
from haulage.telemetry.metrics import EMBEDDINGS_CACHED


@dataclass(frozen=True, slots=True)
class Wanted:
    """What texts may share a call: on behalf of one asker, for one model and size."""

    asker: Asker
    hop: Hop
    dimensions: int | None


@dataclass(frozen=True, slots=True)
class _Piece:
    """A vector and its share of what its call has used."""

    vector: Vector
    usage: ModelUsage
    mock: bool


@dataclass
class Embedder:
    """All providers' vectors on one event loop."""

    adapters: Mapping[str, Adapter]
    traffic: Traffic
    ledger: UsageLedger
    cache: VectorCache
    price: Price
    _gatherings: dict[Wanted, Gathering[_Piece]] = field(default_factory=dict)
    # Places in line of calls that were told to come again: the next call of the kind takes one.
    _places: dict[Wanted, str] = field(default_factory=dict)

    async def embed(
        self, hop: Hop, texts: Sequence[str], dimensions: int | None, caller: Caller
    ) -> Embeddings:
        """A vector for each text, all by this one model."""
        wanted = Wanted(caller.asker(hop.model), hop, dimensions)
        batch = self.adapters[hop.provider].batch
        cut = [pieces_of(text, batch.text_bytes) for text in texts]
        pieces = list(dict.fromkeys(piece for one in cut for piece in one))
        keys = {piece: key_of(wanted, piece) for piece in pieces}
        known = await self._known(list(keys.values()))
        EMBEDDINGS_CACHED.labels(provider=hop.provider).inc(len(known))
        missing = [piece for piece in pieces if keys[piece] not in known]
        made = dict(zip(missing, await self._made(wanted, missing, caller), strict=True))
        usage = sum((one.usage for one in made.values()), NOTHING)
        mock = any(one.mock for one in made.values())
        vector_of = {
            piece: made[piece].vector if piece in made else known[keys[piece]] for piece in pieces
        }
        vectors = tuple(mean([(vector_of[piece], len(piece)) for piece in one]) for one in cut)
        return Embeddings(
            vectors,
            hop.model,
            hop.provider,
            dimensions=len(vectors[0]) if vectors else 0,
            usage=usage,
            mock=mock,
            cached=len(known),
        )

    async def close(self) -> None:
        """End the calls under way."""
        for gathering in list(self._gatherings.values()):
            await gathering.close()

    async def _made(self, wanted: Wanted, pieces: list[str], caller: Caller) -> list[_Piece]:
        if not pieces:
            return []
        gathering = self._gatherings.get(wanted)
        if gathering is None:
            batch = self.adapters[wanted.hop.provider].batch
            gathering = Gathering(lambda texts: self._call(wanted, texts, caller), batch)
            self._gatherings[wanted] = gathering
        try:
            return await gathering.submit(pieces, lambda made: caller.spend(made.usage))
        finally:
            if gathering.idle:
                self._gatherings.pop(wanted, None)

    async def _call(self, wanted: Wanted, texts: Sequence[str], caller: Caller) -> list[_Piece]:
        """One call: pass, vectors, bill. Its usage is shared out among the texts."""
        hop = wanted.hop
        adapter, meters = self.adapters[hop.provider], meters_of(hop.provider)
        call = EmbedCall(hop.model, texts, wanted.dimensions, say=caller.say)
        async with self._pass(wanted, estimated_embed_tokens(call)) as held:
            started = time.perf_counter()
            with call_span("embeddings", hop) as span:
                try:
                    reply = await adapter.embed(replace(call, road=held))
                    vectors = checked(hop.provider, reply.vectors, len(texts), wanted.dimensions)
                except HaulageError as error:
                    meters.failed(hop.model, error.code)
                    raise
                usage = embed_usage(hop.provider, call, reply, price=self.price, free=adapter.free)
                tell_usage(span, usage)
            held.settle(input_tokens=usage.input_tokens, output_tokens=0)
        meters.answered(hop.model, usage, time.perf_counter() - started)
        tenant = wanted.asker.tenant
        self.ledger.add(tenant=tenant, provider=hop.provider, model=hop.model, usage=usage)
        if not reply.mock:
            keys = [key_of(wanted, text) for text in texts]
            await self._remember(dict(zip(keys, vectors, strict=True)))
        shares = shared(usage, [len(text.encode()) for text in texts])
        return [
            _Piece(vector, share, reply.mock) for vector, share in zip(vectors, shares, strict=True)
        ]

    @asynccontextmanager
    async def _pass(self, wanted: Wanted, tokens: int) -> AsyncIterator[RoadPass]:
        """A pass under a ticket of its own: a call's texts are of many jobs, and other ones when it
        is made again."""
        ticket = self._places.pop(wanted, None) or f"vectors.{uuid4().hex}"
        try:
            async with self.traffic.hold(
                wanted.hop.provider, wanted.asker, tokens=tokens, ticket=ticket
            ) as held:
                yield held
        except Snoozed:
            self._places[wanted] = ticket
            raise

    async def _known(self, keys: list[bytes]) -> dict[bytes, Vector]:
        try:
            return await self.cache.get(keys)
        except Unavailable:
            return {}

    async def _remember(self, vectors: dict[bytes, Vector]) -> None:
        with suppress(Unavailable):
            await self.cache.put(vectors)


def key_of(wanted: Wanted, text: str) -> bytes:
    """What a vector is known by. Of one tenant: another one's cache would tell whether somebody
    has embedded this text before."""
    digest = hashlib.sha256()
    for part in (wanted.asker.tenant, str(wanted.hop), str(wanted.dimensions), text):
        raw = part.encode()
        digest.update(struct.pack(">Q", len(raw)) + raw)
    return digest.digest()


def pieces_of(text: str, most_bytes: int) -> list[str]:
    """`text` cut after spaces into pieces of at most `most_bytes` UTF-8 bytes; a word that is
    longer is cut inside."""
    pieces = []
    raw = text.encode()
    while len(raw) > most_bytes:
        end = raw.rfind(b" ", most_bytes // 2, most_bytes) + 1
        if not end:
            end = most_bytes
            # Not inside a character.
            while raw[end] & 0xC0 == 0x80:
                end -= 1
        pieces.append(raw[:end].decode())
        raw = raw[end:]
    return [*pieces, raw.decode()]


def mean(vectors: Sequence[tuple[Vector, int]]) -> Vector:
    """The weighted mean of length one; a single vector as it is."""
    if len(vectors) == 1:
        return vectors[0][0]
    size = len(vectors[0][0])
    summed = [sum(vector[place] * weight for vector, weight in vectors) for place in range(size)]
    length = math.sqrt(sum(one * one for one in summed)) or 1.0
    return tuple(one / length for one in summed)


def checked(
    provider: str, vectors: Sequence[Sequence[float]], count: int, dimensions: int | None
) -> list[Vector]:
    """The vectors, if they are one for each text, of one size, and made of numbers."""
    try:
        found = [tuple(map(float, vector)) for vector in vectors]
    except (TypeError, ValueError):
        raise garbled(provider, "its vectors are not made of numbers") from None
    if len(found) != count:
        raise garbled(provider, f"it holds {len(found)} vectors for {count} texts")
    sizes = {len(vector) for vector in found}
    if len(sizes) != 1 or 0 in sizes or (dimensions is not None and sizes != {dimensions}):
        raise garbled(provider, "its vectors have the wrong size")
    if not all(math.isfinite(sum(vector)) for vector in found):
        raise garbled(provider, "its vectors are not made of numbers")
    return found


def shared(usage: ModelUsage, sizes: Sequence[int]) -> list[ModelUsage]:
    """`usage` shared out by size, nothing lost to rounding; the call itself counts at the first."""
    shares, before, total = [], 0, sum(sizes) or 1
    given = 0
    for place, size in enumerate(sizes):
        before += size
        upto = usage.input_tokens * before // total
        if place == len(sizes) - 1:
            upto = usage.input_tokens
        cost = None if usage.cost is None else usage.cost * size / total
        shares.append(
            ModelUsage(0 if place else usage.calls, upto - given, 0, cost, usage.estimated)
        )
        given = upto
    return shares
