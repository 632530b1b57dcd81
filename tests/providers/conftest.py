"""Gateways on a simulated provider that runs as a process on loopback."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from pydantic import SecretStr
from simulated_provider import GOOD_KEY, Running, simulated_provider

from haulage.domain.backoff import Backoff
from haulage.domain.language_model import (
    Answer,
    Caller,
    ChatRequest,
    Embeddings,
    Message,
    ModelUsage,
    Vector,
)
from haulage.domain.limits import Asker
from haulage.domain.ports import FreeRoad, VectorCache
from haulage.providers.chain import Patience
from haulage.providers.gateway import Gateway
from haulage.providers.route import Route
from haulage.providers.transport import Transport
from haulage.settings.providers import ProvidersSettings
from haulage.wiring.models import make_adapters

AT_ONCE = Patience(retries=0, backoff=Backoff(base_s=0.0))


@pytest.fixture(scope="session")
def provider() -> Iterator[Running]:
    with simulated_provider() as running:
        yield running


@dataclass
class Road(FreeRoad):
    """Traffic that is always free and writes down what passes."""

    held: list[tuple[str, str, str, int]] = field(default_factory=list)
    settled: list[tuple[int, int]] = field(default_factory=list)
    observed: list[dict[str, str]] = field(default_factory=list)
    departed: int = 0
    departs_after_s: float = 0.0
    ended: list[str] = field(default_factory=list)
    summed: list[tuple[str, str, str, ModelUsage]] = field(default_factory=list)
    refuse: dict[str, Exception] = field(default_factory=dict)

    def hold(self, provider: str, asker: Asker, *, tokens: int, ticket: str | None = None) -> Any:
        self.held.append((provider, asker.model, asker.tenant, tokens))
        return _Held(self, provider)

    def add(self, *, tenant: str, provider: str, model: str, usage: ModelUsage) -> None:
        self.summed.append((tenant, provider, model, usage))


@dataclass
class _Held:
    road: Road
    provider: str

    async def __aenter__(self) -> "_Held":
        if self.provider in self.road.refuse:
            raise self.road.refuse[self.provider]
        return self

    async def __aexit__(self, kind: type | None, *_: object) -> None:
        self.road.ended.append(kind.__name__ if kind else "well")

    def observe(self, headers: Any) -> None:
        self.road.observed.append(dict(headers))

    async def depart(self) -> None:
        self.road.departed += 1
        await asyncio.sleep(self.road.departs_after_s)

    def settle(self, *, input_tokens: int, output_tokens: int) -> None:
        self.road.settled.append((input_tokens, output_tokens))


@dataclass
class Desk:
    """A gateway, and who asks it: what was spent and said lies here."""

    gateway: Gateway
    road: Road
    spent: list[ModelUsage] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def caller(self) -> Caller:
        return Caller("acme", self.spent.append, lambda message, _fields: self.said.append(message))

    async def vectors(
        self, model: str, *texts: str, dimensions: int | None = None, caller: Caller | None = None
    ) -> Embeddings:
        return await self.gateway.embed([model], texts, dimensions, caller=caller or self.caller)

    async def ask(self, *models: str, text: str = "hello", **given: Any) -> Answer[Any]:
        request = ChatRequest(models, (Message("user", text),), **given)
        return await self.gateway.chat(request, caller=self.caller)


def settings_for(provider: Running, **given: Any) -> ProvidersSettings:
    """Everything at the simulated provider; `compatible` servers too."""
    return ProvidersSettings(
        **{
            "openai_api_key": SecretStr(GOOD_KEY),
            "openai_base_url": provider.url,
            "openrouter_api_key": SecretStr(GOOD_KEY),
            "openrouter_base_url": provider.url,
            "gemini_api_key": SecretStr(GOOD_KEY),
            "gemini_base_url": f"{provider.root}/v1beta",
            "ollama_base_url": provider.root,
            "compatible": f"other={provider.url}",
            "compatible_keys": SecretStr(f"other={GOOD_KEY}"),
            "timeout_s": 5.0,
            "network": "loopback",
            **given,
        }
    )


class Shelf(dict[bytes, Vector]):
    """A cache in memory."""

    async def get(self, keys: Any) -> Any:  # type: ignore[override]
        return {key: self[key] for key in keys if key in self}

    async def put(self, vectors: Any) -> None:
        self.update(vectors)


class Desks:
    """Makes desks; closes what they opened."""

    def __init__(self, provider: Running) -> None:
        self.provider = provider
        self.closing = AsyncExitStack()

    def open(
        self,
        *,
        patience: Patience = AT_ONCE,
        adapters: Any = None,
        cache: VectorCache | None = None,
        **given: Any,
    ) -> Desk:
        settings = settings_for(self.provider, **given)
        transport = Transport(loopback_only=settings.network == "loopback")
        self.closing.push_async_callback(transport.close)
        made = make_adapters(settings, transport, random=Random(1)) | (adapters or {})
        road = Road()
        supported = frozenset(filter(None, settings.supported_models.split(",")))
        route = Route(made.keys(), settings.mode, supported, settings.embedding_model)
        gateway = Gateway(
            made,
            route=route,
            traffic=road,
            ledger=road,
            cache=cache,
            patience=patience,
            random=Random(1),
        )
        for one in (gateway, *made.values()):
            self.closing.push_async_callback(one.close)
        return Desk(gateway, road)


@pytest.fixture
async def desks(provider: Running) -> AsyncIterator[Desks]:
    made = Desks(provider)
    yield made
    await made.closing.aclose()


@pytest.fixture
def desk(desks: Desks) -> Desk:
    return desks.open()
