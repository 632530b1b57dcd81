"""Settings of the providers of language models. Keys are secret and have no default."""

import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr, field_validator

from haulage.domain.language_model import ALIASES

# What somebody has who copied the example and put no key in (row B5).
PLACEHOLDER = "your_openai_api_key_here"
# Also the beginning of the names of its metrics; a test holds that these are the taken ones.
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
TAKEN = frozenset({"api", "haulage_http"})
# What the aliases mean where only keys are set; the first provider that has one is asked first.
ALIASED = {
    "gemini": {
        "balanced": "gemini:gemini-2.5-flash",
        "quality": "gemini:gemini-2.5-pro",
        "speed": "gemini:gemini-2.5-flash-lite",
    },
    "openrouter": {
        "balanced": "openrouter:google/gemini-2.5-flash",
        "quality": "openrouter:google/gemini-2.5-pro",
        "speed": "openrouter:google/gemini-2.5-flash-lite",
    },
    "openai": {
        "balanced": "openai:gpt-4.1-mini",
        "quality": "openai:gpt-4.1",
        "speed": "openai:gpt-4.1-nano",
    },
}


class ProvidersSettings(BaseModel):
    """Where providers are reached, with what keys, and how patient we are with them.

    A key comes as a value or as a file that holds it; a file is read again when the provider
    refuses what it held, so that a key can be changed under running workers.
    """

    openai_api_key: SecretStr | None = None
    openai_api_key_file: Path | None = None
    openai_base_url: str = "https://api.openai.com/v1"
    openrouter_api_key: SecretStr | None = None
    openrouter_api_key_file: Path | None = None
    openrouter_base_url: str = "https://openrouter.ai/api/v1"
    gemini_api_key: SecretStr | None = None
    gemini_api_key_file: Path | None = None
    gemini_base_url: str = "https://generativelanguage.googleapis.com/v1beta"
    ollama_base_url: str = "http://localhost:11434"
    # Servers that speak OpenAI's language: `name=url,…`, and their keys: `name=key,…`.
    compatible: str = ""
    compatible_keys: SecretStr = SecretStr("")

    timeout_s: float = Field(default=60.0, gt=0)
    ollama_timeout_s: float = Field(default=120.0, gt=0)
    ollama_download_timeout_s: float = Field(default=600.0, gt=0)
    retries: int = Field(default=3, ge=0, le=20)
    backoff_factor: float = Field(default=2.0, ge=1, le=10)
    patience_s: float = Field(default=30.0, ge=0)
    cache_bytes: int = Field(default=256 * 1024 * 1024, ge=0)
    network: Literal["any", "loopback"] = "any"

    # What these names mean as a model: `provider:model`, several in turn with commas between them.
    balanced: str = ""
    quality: str = ""
    speed: str = ""

    mode: Literal["openai", "ollama", "hybrid"] = "openai"
    supported_models: str = ""
    embedding_model: str = "text-embedding-3-small"

    @field_validator("compatible")
    @classmethod
    def _pairs(cls, value: str) -> str:
        for item in filter(None, (one.strip() for one in value.split(","))):
            name, _, url = item.partition("=")
            if not NAME.fullmatch(name) or not url.startswith(("http://", "https://")):
                raise ValueError("servers are named name=http://host/v1, with commas between them")
            if name in TAKEN:
                raise ValueError(
                    f"no server can be called {name}: its metrics, such as {name}_requests_total, "
                    "would have the names of others"
                )
        return value

    def ollama_models(self) -> tuple[str, ...]:
        """The models of `supported_models`."""
        return tuple(filter(None, (one.strip() for one in self.supported_models.split(","))))

    def default_embedding_model(self) -> str:
        """What makes vectors when nobody names a model: what needs no key, where there is none."""
        if self.mode != "openai":
            return next(iter(self.ollama_models()), "nomic-embed-text")
        if self.openai_api_key is not None or self.openai_api_key_file is not None:
            return f"openai:{self.embedding_model}"
        return "local:e5-small"

    def model_aliases(self) -> dict[str, tuple[str, ...]]:
        """The chain behind each of `balanced`, `quality` and `speed`: what is set, else the models
        that there is a key for; empty without one."""
        keyed = [
            models
            for provider, models in ALIASED.items()
            if getattr(self, f"{provider}_api_key_file") is not None
            or _is_key(getattr(self, f"{provider}_api_key"))
        ]
        chains = {
            name: tuple(filter(None, (one.strip() for one in getattr(self, name).split(","))))
            for name in ALIASES
        }
        return {
            name: chain or tuple(models[name] for models in keyed) for name, chain in chains.items()
        }

    def compatible_servers(self) -> list[tuple[str, str, SecretStr | None]]:
        """Name, URL and key, if there is one, of each server in `compatible`."""
        keys = {
            name.strip(): SecretStr(key.strip())
            for name, _, key in (
                item.partition("=") for item in self.compatible_keys.get_secret_value().split(",")
            )
        }
        servers = (item.partition("=") for item in self.compatible.split(",") if item.strip())
        return [(name.strip(), url.strip(), keys.get(name.strip())) for name, _, url in servers]


def _is_key(key: SecretStr | None) -> bool:
    return key is not None and key.get_secret_value() not in ("", PLACEHOLDER)
