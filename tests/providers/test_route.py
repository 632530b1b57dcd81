"""Which models a name means."""

import pytest

from haulage.domain.language_model import Choice
from haulage.domain.provider_errors import UnsupportedModel
from haulage.providers.route import Hop, Route
from haulage.settings.providers import ProvidersSettings

PROVIDERS = ("openai", "ollama", "fake")
HYBRID = Route(PROVIDERS, "hybrid", frozenset({"nomic-embed-text", "llama3.2:3b"}), "small")


def test_a_name_with_a_provider_is_that_model_and_keeps_its_tag() -> None:
    assert Route(PROVIDERS).hops(["ollama:llama3.2:3b"]) == [Hop("ollama", "llama3.2:3b")]


@pytest.mark.parametrize("mode", ["openai", "ollama"])
def test_a_bare_name_goes_where_the_mode_says(mode: str) -> None:
    assert Route(PROVIDERS, mode).hops(["m"]) == [Hop(mode, "m")]


@pytest.mark.parametrize("name", ["nomic-embed-text", "hybrid:nomic-embed-text"])
def test_hybrid_asks_ollama_for_its_models_and_openai_after_it(name: str) -> None:
    assert HYBRID.hops([name]) == [Hop("ollama", "nomic-embed-text"), Hop("openai", "small")]


def test_hybrid_asks_openai_for_others() -> None:
    assert HYBRID.hops(["gpt-4o"]) == [Hop("openai", "gpt-4o")]


def test_a_bare_name_with_a_tag_is_known_when_it_is_listed() -> None:
    assert HYBRID.hops(["llama3.2:3b"])[0] == Hop("ollama", "llama3.2:3b")


def test_a_model_named_twice_is_asked_once() -> None:
    assert Route(PROVIDERS).hops(["m", "openai:m"]) == [Hop("openai", "m")]


def test_an_unknown_provider_is_told_with_the_nearest_name() -> None:
    with pytest.raises(UnsupportedModel, match="Did you mean openai"):
        Route(PROVIDERS).hops(["opnai:gpt-4o"])


@pytest.mark.parametrize("names", [[], [""], ["openai:"], [" "]])
def test_no_name_is_no_model(names: list[str]) -> None:
    with pytest.raises(UnsupportedModel):
        Route(PROVIDERS).hops(names)


@pytest.mark.parametrize(
    ("given", "default"),
    [
        ({}, "local:e5-small"),
        ({"openai_api_key": "k"}, "openai:text-embedding-3-small"),
        ({"mode": "ollama"}, "nomic-embed-text"),
        ({"mode": "hybrid", "supported_models": "bge-m3, x"}, "bge-m3"),
    ],
)
def test_the_default_model_needs_no_key_where_there_is_none(
    given: dict[str, object], default: str
) -> None:
    assert ProvidersSettings.model_validate(given).default_embedding_model() == default


def test_the_name_default_means_what_the_installation_says() -> None:
    assert Route(PROVIDERS, default="fake:m").hops(["default"]) == [Hop("fake", "m")]


ALIASED = Route(
    PROVIDERS, aliases={"balanced": ("openai:m", "ollama:n"), "speed": (), "quality": ("local",)}
)


@pytest.mark.parametrize(
    ("names", "choice"),
    [
        ([], Choice(("openai:m", "ollama:n"))),
        (["balanced"], Choice(("openai:m", "ollama:n"))),
        (["balanced", "local"], Choice(("openai:m", "ollama:n"), local=True)),
        (["speed"], Choice(local=True)),
        (["quality"], Choice(local=True)),
        (["speed", "fake:echo"], Choice(("fake:echo",))),
        (["local"], Choice(local=True)),
        (["fake:echo", "openai:m", "fake:echo"], Choice(("fake:echo", "openai:m"))),
    ],
)
def test_work_is_done_by_what_the_names_stand_for_or_without_a_model(
    names: list[str], choice: Choice
) -> None:
    assert ALIASED.choose(names) == choice


def test_an_alias_is_a_model_name_like_any_other() -> None:
    assert ALIASED.hops(["balanced"]) == [Hop("openai", "m"), Hop("ollama", "n")]


def test_an_alias_that_means_nothing_here_is_told_with_its_setting() -> None:
    with pytest.raises(UnsupportedModel, match="HAULAGE_PROVIDERS_SPEED"):
        ALIASED.hops(["speed"])


@pytest.mark.parametrize(
    ("given", "balanced"),
    [
        ({}, ()),
        ({"openai_api_key": "your_openai_api_key_here"}, ()),
        ({"openai_api_key": "k"}, ("openai:gpt-4.1-mini",)),
        (
            {"openai_api_key": "k", "gemini_api_key_file": "/key"},
            ("gemini:gemini-2.5-flash", "openai:gpt-4.1-mini"),
        ),
        ({"openai_api_key": "k", "balanced": "ollama:a, fake:echo"}, ("ollama:a", "fake:echo")),
    ],
)
def test_an_alias_means_what_is_set_else_what_there_is_a_key_for(
    given: dict[str, str], balanced: tuple[str, ...]
) -> None:
    assert ProvidersSettings(**given).model_aliases()["balanced"] == balanced
