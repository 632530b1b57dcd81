"""The compose files: by the specification, and by what we promise of every service."""

import pytest

from deploy.make_secrets import documents
from deploy.nginx.edge import TEMPLATES
from haulage import __version__
from haulage.settings import known_variables
from tools.compose_files import DEPLOY, compose
from tools.containers import limit_mb

PRODUCTION = compose("compose.production.yaml")
DEVELOPMENT = compose("compose.yaml")
TLS = compose("compose.tls.yaml")
SERVICES = PRODUCTION["services"]
EVERY = [
    *(pytest.param(its, id=name) for name, its in SERVICES.items()),
    *(pytest.param(its, id=f"development-{name}") for name, its in DEVELOPMENT["services"].items()),
]
# They run to their end, once.
ERRANDS = {"setup", "ollama-models"}
OURS = {name for name, its in SERVICES.items() if its["image"].startswith("haulage:")}
SERVERS = {name: its for name, its in SERVICES.items() if name not in ERRANDS}


def seconds(said: str) -> int:
    assert said.endswith("s")
    return int(said[:-1])


def name_of(service) -> str:
    return next(name for name, its in SERVICES.items() if its is service)


@pytest.mark.parametrize("service", EVERY)
def test_a_service_writes_nowhere_but_where_it_may(service):
    assert service["read_only"] is True


@pytest.mark.parametrize("service", EVERY)
def test_a_service_has_a_limit_of_memory_and_of_processes(service):
    limits = service["deploy"]["resources"]["limits"]
    assert limit_mb(service) > 0
    assert limits["pids"] > 0


@pytest.mark.parametrize("service", EVERY)
def test_a_service_says_whether_it_is_well_or_runs_once(service):
    assert service["healthcheck"].get("test") or service["healthcheck"] == {"disable": True}


def test_only_errands_are_not_asked_whether_they_are_well():
    silent = {name for name, its in SERVICES.items() if "test" not in its["healthcheck"]}
    assert silent == ERRANDS


@pytest.mark.parametrize("service", EVERY)
def test_a_service_runs_as_somebody_without_rights(service):
    user, _, _ = service["user"].partition(":")
    assert user.isdigit()
    assert int(user) > 0 or service["image"].startswith("ollama/")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_in_production_gives_up_every_capability(name):
    assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("service", EVERY)
def test_an_image_is_named_with_its_version_and_without_a_registry(service):
    name, _, version = service["image"].rpartition(":")
    assert version
    assert version != "latest"
    assert "." not in name.split("/")[0]


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_is_started_again_and_its_log_is_cut(name):
    assert SERVERS[name]["restart"] == "unless-stopped"
    assert {"max-size", "max-file"} <= SERVERS[name]["logging"]["options"].keys()


@pytest.mark.parametrize("name", sorted(OURS - {"setup", "flower", "dispatcher"}))
def test_what_runs_may_end_before_it_is_killed(name):
    service = SERVICES[name]
    shutdown_s = int(service["environment"]["HAULAGE_ENGINE_SHUTDOWN_S"])
    assert seconds(service["stop_grace_period"]) >= shutdown_s + 10


def test_the_edge_ends_after_its_last_answer():
    assert SERVICES["edge"]["stop_signal"] == "SIGQUIT"


@pytest.mark.parametrize("name", sorted(OURS - {"setup"}))
def test_a_process_of_ours_waits_for_what_it_needs(name):
    assert SERVICES[name]["depends_on"] == {
        "setup": {"condition": "service_completed_successfully"},
        "postgres": {"condition": "service_healthy"},
        "redis": {"condition": "service_healthy"},
    }


def test_there_is_one_of_everything_and_more_of_what_must_not_be_missing():
    copies = {name: its["deploy"].get("replicas", 1) for name, its in SERVICES.items()}
    assert {"api-1", "api-2", "api-3"} <= copies.keys()
    assert copies["dispatcher"] == 2
    assert copies["worker-cpu"] >= 2


def test_the_edge_may_open_as_many_files_as_it_wants_to():
    edge = SERVICES["edge"]
    assert edge["ulimits"]["nofile"] == int(edge["environment"]["EDGE_OPEN_FILES"])


def test_the_edge_knows_each_api_server_by_its_address():
    edge = SERVICES["edge"]["environment"]
    for number in (1, 2, 3):
        address = SERVICES[f"api-{number}"]["networks"]["app"]["ipv4_address"]
        assert edge[f"EDGE_API_{number}"] == f"{address}:8700"


def test_the_api_believes_the_edge_and_nobody_else():
    address = SERVICES["edge"]["networks"]["app"]["ipv4_address"]
    for number in (1, 2, 3):
        environment = SERVICES[f"api-{number}"]["environment"]
        assert environment["HAULAGE_API_TRUSTED_PROXIES"] == address
        assert environment["HAULAGE_AUTH_ENABLED"] == "true"


def test_every_word_of_the_edges_templates_is_given():
    text = "".join(path.read_text() for path in TEMPLATES.glob("*.template"))
    given = {name for name in SERVICES["edge"]["environment"] if name.startswith("EDGE_")}
    assert {name for name in given if f"${{{name}}}" in text} == given
    assert text.count("${") == sum(text.count(f"${{{name}}}") for name in given)


def meet(network: str) -> set[str]:
    return {name for name, its in SERVICES.items() if network in its["networks"]}


def test_the_edge_reaches_the_api_servers_alone():
    assert meet("app") == {"edge", "api-1", "api-2", "api-3"}
    assert set(SERVICES["edge"]["networks"]) == {"edge", "app"}


def test_only_haulage_reaches_its_data():
    assert meet("data") - OURS == {"postgres", "redis"}
    assert PRODUCTION["networks"]["data"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == ["data"]


def test_the_edge_alone_is_reached_from_outside():
    public = {
        name
        for name, its in {**SERVICES, **TLS["services"]}.items()
        for port in its.get("ports", ())
        if not port.startswith("127.0.0.1:")
    }
    assert public == {"edge"}
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["edge"]["ports"])


def test_every_secret_is_a_file_that_is_made_or_said_to_be_brought():
    made = documents(lambda: "random", lambda: "key").keys()
    named = {**PRODUCTION["secrets"], **TLS["secrets"]}
    assert named == {name: {"file": f"secrets/{name}"} for name in named}
    assert named.keys() - made == {"tls_certificate", "tls_key"}
    assert made - named.keys() == set()


def test_no_secret_stands_in_a_file_or_an_argument():
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            told = f"{name}: {variable}={value}"
            if any(word in variable.upper() for word in ("PASSWORD", "SECRET", "AUTH_", "_URL_")):
                assert "/run/secrets/" in value or value == "true", told
        for secret in service.get("secrets", ()):
            assert secret in PRODUCTION["secrets"]


@pytest.mark.parametrize("service", EVERY)
def test_every_setting_that_is_given_is_one(service):
    given = {name for name in service.get("environment", {}) if name.startswith("HAULAGE_")}
    assert given <= set(known_variables())


def test_memory_is_enough_for_what_the_settings_allow():
    cpu = SERVICES["worker-cpu"]
    each = int(cpu["environment"]["HAULAGE_ENGINE_CHILD_LIMIT_MB"])
    processes = int(cpu["command"][-1])
    assert processes * each + 512 <= limit_mb(cpu)


def test_the_image_is_of_this_version():
    assert SERVICES["api-1"]["image"] == f"haulage:{__version__}"


def test_redis_never_evicts_and_keeps_its_messages():
    words = [line.split() for line in (DEPLOY / "redis/redis.conf").read_text().splitlines()]
    settings = {line[0]: line[1:] for line in words if line and not line[0].startswith("#")}
    assert settings["maxmemory-policy"] == ["noeviction"]
    assert settings["appendonly"] == ["yes"]
    assert settings["include"] == ["/run/secrets/redis_auth"]
    # Rewriting its file may take as much again.
    assert 2 * int(settings["maxmemory"][0].removesuffix("mb")) <= limit_mb(SERVICES["redis"])
