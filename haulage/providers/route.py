"""Which models a name means.

`openai:gpt-4o-mini` is one model of one provider. A name without a provider is asked for where the
mode of the installation says (row B5): at OpenAI, at Ollama, or `hybrid`: at Ollama for the models
that are listed for it, and at OpenAI when Ollama fails or for others. `balanced`, `quality` and
`speed` stand for what a setting says, or for models that there is a key for.
"""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from haulage.domain.language_model import ALIASES, LOCAL, Choice
from haulage.domain.provider_errors import UnsupportedModel

HYBRID = "hybrid"
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Hop:
    """One model of one provider."""

    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.model}"


@dataclass(frozen=True, slots=True)
class Route:
    """`fallback` is OpenAI's model where the one that was named is Ollama's alone; `default` is
    what the name `default` means."""

    providers: Collection[str]
    mode: str = "openai"
    supported: Collection[str] = ()
    fallback: str = "text-embedding-3-small"
    default: str = "local:e5-small"
    aliases: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def choose(self, names: Sequence[str]) -> Choice:
        """See `Models.choose`. What has no model here is `local`."""
        hops: dict[Hop, None] = {}
        local = False
        for name in names or ALIASES[:1]:
            for one in self.aliases.get(name, ()) if name in ALIASES else (name,):
                if one == LOCAL:
                    local = True
                else:
                    hops.update(dict.fromkeys(self.hops([one])))
        return Choice(tuple(map(str, hops)), local or not hops)

    def hops(self, names: Sequence[str]) -> list[Hop]:
        """The models to ask, in order, each once; raises `UnsupportedModel` for a name that is
        none, with the nearest provider."""
        if not names:
            raise UnsupportedModel("No model was named. Name one as provider:model.")
        found: dict[Hop, None] = {}
        for name in names:
            found.update(dict.fromkeys(self._hops(name.strip())))
        return list(found)

    def _hops(self, name: str) -> list[Hop]:
        if name == DEFAULT:
            name = self.default
        if name in ALIASES:
            return self._alias(name)
        provider, colon, model = name.partition(":")
        if colon and provider in self.providers and model:
            return [Hop(provider, model)]
        if colon and provider == HYBRID and model:
            return self._hybrid(model)
        bare = name in self.supported or not colon
        if not name or not bare:
            nearest = difflib.get_close_matches(provider, [*self.providers, HYBRID], n=1)
            hint = f" Did you mean {nearest[0]}?" if nearest else ""
            raise UnsupportedModel(
                f"{name!r} names no model of a known provider: {', '.join(sorted(self.providers))}."
                + hint
            )
        if self.mode == HYBRID:
            return self._hybrid(name)
        return [Hop(self.mode, name)]

    def _alias(self, name: str) -> list[Hop]:
        meant = [one for one in self.aliases.get(name, ()) if one not in (*ALIASES, LOCAL)]
        if not meant:
            raise UnsupportedModel(
                f"No model is set for {name!r}: set HAULAGE_PROVIDERS_{name.upper()}, "
                "or a key of a provider that has one."
            )
        return [hop for one in meant for hop in self._hops(one)]

    def _hybrid(self, model: str) -> list[Hop]:
        if model in self.supported:
            return [Hop("ollama", model), Hop("openai", self.fallback)]
        return [Hop("openai", model)]
