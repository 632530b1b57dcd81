import stat

import pytest
import redis

from haulage.runtime.fault import StartFault
from haulage.runtime.redis import Redis


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Redis.start(tmp_path_factory.mktemp("embedded") / "redis") as server:
        yield server


@pytest.fixture
def client(server):
    with redis.Redis.from_url(server.url) as client:
        yield client


def test_its_url_leads_to_an_empty_database(client):
    assert client.dbsize() == 0


def test_it_wants_the_password(server):
    client = redis.Redis.from_url(server.url.replace(server.password, "wrong"))
    with client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_it_refuses_writes_rather_than_to_forget(client):
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_its_configuration_and_password_are_private(server):
    for name in ("redis.conf", "password"):
        assert stat.S_IMODE((server.folder / name).stat().st_mode) == 0o600


def test_it_keeps_nothing_on_disk(tmp_path):
    with Redis.start(tmp_path / "redis") as server, redis.Redis.from_url(server.url) as client:
        client.set("gone", "soon")
    with Redis.start(tmp_path / "redis") as server, redis.Redis.from_url(server.url) as client:
        assert client.dbsize() == 0
    kept = {path.name for path in (tmp_path / "redis").iterdir()}
    assert kept == {"password", "redis.conf", "redis.log"}


def test_a_server_that_cannot_start_is_said_in_its_own_words(tmp_path):
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho no memory for this >&2\nexit 1\n")
    program.chmod(0o755)
    words = r"(?s)redis died \(exit code 1\).*no memory for this"
    with pytest.raises(StartFault, match=words), Redis.start(tmp_path, binary=program):
        pass
