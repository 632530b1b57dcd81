"""The gateway to language models, of a worker's event loop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from haulage.domain.backoff import Backoff
from haulage.domain.ports import Traffic, UsageLedger, VectorCache
from haulage.providers.adapter import Adapter
from haulage.providers.chain import Patience
from haulage.providers.fake import Fake
from haulage.providers.gateway import Gateway
from haulage.providers.gemini import Gemini
from haulage.providers.keys import Key
from haulage.providers.local import Local
from haulage.providers.ollama import Ollama
from haulage.providers.openai_family import COMPATIBLE, OPENAI, OPENROUTER, OpenAiFamily
from haulage.providers.route import Route
from haulage.providers.transport import Endpoint, Transport
from haulage.settings.providers import ProvidersSettings


@asynccontextmanager
async def open_models(
    settings: ProvidersSettings, *, traffic: Traffic, ledger: UsageLedger, cache: VectorCache | None
) -> AsyncIterator[Gateway]:
    """All providers that the settings name; their connections are closed at the end."""
    transport = Transport(loopback_only=settings.network == "loopback")
    random = Random()  # noqa: S311 - jitter and mock vectors, no secrets
    adapters = make_adapters(settings, transport, random=random)
    route = Route(
        adapters.keys(),
        settings.mode,
        frozenset(settings.ollama_models()),
        settings.embedding_model,
        settings.default_embedding_model(),
        settings.model_aliases(),
    )
    backoff = Backoff(base_s=2.0, factor=settings.backoff_factor)
    gateway = Gateway(
        adapters,
        route=route,
        traffic=traffic,
        ledger=ledger,
        cache=cache,
        patience=Patience(settings.retries, backoff, settings.patience_s),
        random=random,
    )
    try:
        yield gateway
    finally:
        await gateway.close()
        for adapter in adapters.values():
            await adapter.close()
        await transport.close()


def make_adapters(
    settings: ProvidersSettings, transport: Transport, *, random: Random
) -> dict[str, Adapter]:
    """An adapter for each provider, by the name that stands before the colon."""
    openai = Endpoint(
        "openai",
        settings.openai_base_url,
        Key(settings.openai_api_key, settings.openai_api_key_file),
        settings.timeout_s,
    )
    openrouter = Endpoint(
        "openrouter",
        settings.openrouter_base_url,
        Key(settings.openrouter_api_key, settings.openrouter_api_key_file),
        settings.timeout_s,
    )
    gemini = Endpoint(
        "gemini",
        settings.gemini_base_url,
        Key(settings.gemini_api_key, settings.gemini_api_key_file),
        settings.timeout_s,
        header="x-goog-api-key",
        scheme="",
    )
    ollama = Endpoint("ollama", settings.ollama_base_url, Key(), settings.ollama_timeout_s)
    made: dict[str, Adapter] = {
        "openai": OpenAiFamily(openai, transport, OPENAI, random=random),
        "openrouter": OpenAiFamily(openrouter, transport, OPENROUTER, random=random),
        "gemini": Gemini(gemini, transport),
        "ollama": Ollama(ollama, transport, pull_timeout_s=settings.ollama_download_timeout_s),
        "local": Local(),
        "fake": Fake(),
    }
    for name, url, key in settings.compatible_servers():
        endpoint = Endpoint(name, url, Key(key), settings.timeout_s)
        made[name] = OpenAiFamily(endpoint, transport, COMPATIBLE, random=random)
    return made
