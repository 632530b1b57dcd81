"""Settings: read once, checked whole, with the nearest name for a misspelt one."""

import pytest

from haulage import secret_files
from haulage.settings import Settings, SettingsFault, known_variables, load
from haulage.settings.older_names import OLDER_NAMES


def test_nothing_set_is_the_defaults() -> None:
    settings = load({})
    assert settings.queue_pools == {"io": "io", "cpu": "cpu", "haulage": "io"}
    assert (settings.engine.lease_s, settings.api.page_size, settings.handlers) == (5.0, 50, ())
    assert settings.database.url is None


def test_each_section_reads_its_variables() -> None:
    settings = load(
        {
            "HAULAGE_DATABASE_URL": "postgresql://h/d",
            "HAULAGE_DATABASE_POOL_SIZE": "3",
            "HAULAGE_REDIS_URL": "redis://h",
            "HAULAGE_ENGINE_LEASE_S": "7.5",
            "HAULAGE_LOG_LEVEL": "DEBUG",
            "HAULAGE_HANDLERS": "one, two.three ,",
            "HAULAGE_QUEUES": "io=io, ocr=cpu",
            "PATH": "ignored",
        }
    )
    assert settings.require_database_url() == "postgresql://h/d"
    assert settings.require_redis_url() == "redis://h"
    assert (settings.database.pool_size, settings.engine.lease_s) == (3, 7.5)
    assert (settings.log.level, settings.handlers) == ("DEBUG", ("one", "two.three"))
    assert settings.queue_pools == {"io": "io", "ocr": "cpu", "haulage": "io"}


def test_the_environment_is_read_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "HAULAGE_ENGINE_LEASE_S": "9",
        "HAULAGE_QUEUES": "io=io,ocr=cpu",
        "HAULAGE_HANDLERS": "one,two",
        "HAULAGE_BLOB_URL": "s3://bucket",
        "HAULAGE_API_TRUSTED_PROXIES": "10.0.0.0/8,127.0.0.1/32",
    }
    for name in known_variables():
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert load() == load(given)


def outcome(environ: dict[str, str]) -> object:
    try:
        return load(environ)
    except SettingsFault as fault:
        return str(fault)


@pytest.mark.parametrize("name", known_variables())
def test_no_known_variable_is_passed_over(name: str) -> None:
    read = outcome({name: "\x01"})
    assert read != load({})
    assert not isinstance(read, str) or name in read


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("HAULAGE_DATABSE_URL", "HAULAGE_DATABASE_URL"),
        ("HAULAGE_ENGINE_LEASE", "HAULAGE_ENGINE_LEASE_S"),
        ("HAULAGE_QUEUE", "HAULAGE_QUEUES"),
    ],
)
def test_a_misspelt_variable_is_refused_with_the_nearest_name(name: str, nearest: str) -> None:
    with pytest.raises(SettingsFault, match=f"{name} is not a setting.*Did you mean {nearest}"):
        load({name: "1"})


@pytest.mark.parametrize(
    "name", ["HAULAGE_URL", "HAULAGE_API_KEY", "HAULAGE_HANDLER_PAGES", "HAULAGE_TEST_X"]
)
def test_variables_of_the_client_and_of_handlers_are_left_alone(name: str) -> None:
    assert load({name: "1"}) == load({})


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(SettingsFault) as caught:
        load({"HAULAGE_ENGINE_LEASE_S": "soon", "HAULAGE_API_PAGE_SIZE": "0"})
    assert "HAULAGE_ENGINE_LEASE_S" in str(caught.value)
    assert "HAULAGE_API_PAGE_SIZE" in str(caught.value)
    with pytest.raises(SettingsFault) as caught:
        load({"HAULAGE_ONE": "1", "HAULAGE_TWO": "2"})
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HAULAGE_ENGINE_LEASE_S", "0.5"),
        ("HAULAGE_ENGINE_TICK_S", "0"),
        ("HAULAGE_ENGINE_WINDOW", "0"),
        ("HAULAGE_DATABASE_POOL_SIZE", "0"),
        ("HAULAGE_LOG_LEVEL", "LOUD"),
        ("HAULAGE_QUEUES", "io"),
        ("HAULAGE_QUEUES", "ocr=gpu"),
        ("HAULAGE_QUEUES", "io=io,haulage=io"),
        ("HAULAGE_API_MAX_BATCH", "many"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsFault, match=name):
        load({name: value})


def test_a_fault_does_not_repeat_the_value() -> None:
    with pytest.raises(SettingsFault) as caught:
        load({"HAULAGE_DATABASE_POOL_SIZE": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_a_missing_server_is_said_with_what_to_do() -> None:
    settings = load({})
    with pytest.raises(SettingsFault, match=r"HAULAGE_DATABASE_URL is not set.*haulage up"):
        settings.require_database_url()
    with pytest.raises(SettingsFault, match=r"HAULAGE_REDIS_URL is not set.*haulage up"):
        settings.require_redis_url()


def test_there_is_no_usable_default_for_a_server_or_a_secret() -> None:
    for name in known_variables():
        if name.endswith(("_SECRET", "_PASSWORD", "_KEY")) or name in (
            "HAULAGE_DATABASE_URL",
            "HAULAGE_REDIS_URL",
        ):
            section, _, field = name.removeprefix("HAULAGE_").lower().partition("_")
            assert getattr(getattr(load({}), section), field) is None


def test_settings_cannot_be_changed_after_the_start() -> None:
    settings = load({})
    with pytest.raises(ValueError, match="frozen"):
        settings.handlers = ("late",)  # type: ignore[misc]
    assert isinstance(settings, Settings)


def test_older_names_are_read_where_ours_is_not_set() -> None:
    settings = load({"OPENAI_API_KEY": "one", "OLLAMA_TIMEOUT": "7", "LOG_LEVEL": "debug"})
    key = settings.providers.openai_api_key
    assert key is not None
    assert key.get_secret_value() == "one"
    assert (settings.providers.ollama_timeout_s, settings.log.level) == (7, "DEBUG")


def test_our_name_wins_over_the_older_one() -> None:
    settings = load({"MAX_RETRIES": "5", "HAULAGE_PROVIDERS_RETRIES": "1"})
    assert settings.providers.retries == 1


def test_every_older_name_sets_something_that_exists() -> None:
    assert set(OLDER_NAMES.values()) <= set(known_variables())


def test_a_fault_is_told_by_the_name_that_was_used() -> None:
    with pytest.raises(SettingsFault, match=r"^OLLAMA_TIMEOUT: "):
        load({"OLLAMA_TIMEOUT": "soon"})


def test_a_faulty_key_is_not_repeated() -> None:
    with pytest.raises(SettingsFault) as fault:
        load({"HAULAGE_PROVIDERS_COMPATIBLE": "planted-secret"})
    assert "planted-secret" not in str(fault.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"JWT_SECRET": "x" * 32}, "JWT_AUDIENCE"),
        ({"JWT_SECRET": "short", "JWT_ISSUER": "i", "JWT_AUDIENCE": "a"}, "openssl rand"),
        (
            {"JWKS_URL": "http://id.example/jwks", "JWT_ISSUER": "i", "JWT_AUDIENCE": "a"},
            "must be https",
        ),
    ],
)
def test_tokens_are_not_half_checked(given: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsFault, match=says) as caught:
        load({f"HAULAGE_AUTH_{name}": value for name, value in given.items()})
    assert "short" not in str(caught.value)


def test_a_secret_may_lie_in_a_file(tmp_path) -> None:
    file = tmp_path / "database_url"
    file.write_text("postgresql://h/d\n")

    settings = load({"HAULAGE_DATABASE_URL_FILE": str(file)})

    assert settings.require_database_url() == "postgresql://h/d"


@pytest.mark.parametrize(
    ("held", "why"),
    [(None, "No such file"), (b"", "is empty"), (b"\n", "is empty"), (b"\xff", "no text")],
)
def test_a_file_that_holds_no_secret_is_a_fault(tmp_path, held, why) -> None:
    file = tmp_path / "jwt_secret"
    if held is not None:
        file.write_bytes(held)

    said = outcome({"HAULAGE_AUTH_JWT_SECRET_FILE": str(file)})

    assert str(said).startswith(f"HAULAGE_AUTH_JWT_SECRET_FILE: {file}")
    assert why in str(said)


def test_a_secret_said_twice_is_a_fault(tmp_path) -> None:
    file = tmp_path / "redis_url"
    file.write_text("redis://:hidden@h")

    said = str(outcome({"HAULAGE_REDIS_URL_FILE": str(file), "HAULAGE_REDIS_URL": "redis://one"}))

    assert "HAULAGE_REDIS_URL and HAULAGE_REDIS_URL_FILE are both set" in said
    assert "hidden" not in said


def test_each_variable_that_may_come_from_a_file_is_a_setting() -> None:
    assert set(secret_files.HELD) <= set(known_variables())


def test_every_secret_may_come_from_a_file() -> None:
    secrets = {
        f"HAULAGE_{section}_{name}".upper()
        for section, info in Settings.model_fields.items()
        for name, field in getattr(info.annotation, "model_fields", {}).items()
        if "SecretStr" in str(field.annotation)
    }
    assert "HAULAGE_AUTH_JWT_SECRET" in secrets
    assert not {name for name in secrets if f"{name}_FILE" not in known_variables()}
