"""A real Redis takes the configuration that is deployed, and does what its comments say."""

from pathlib import Path

import pytest
import redis

from haulage.runtime import ports
from haulage.runtime.process import Process, ProcessSpec, await_ready
from haulage.runtime.redis import find_redis_server
from tools.compose_files import DEPLOY


@pytest.fixture
def deployed(tmp_path: Path):
    """A Redis with the deployed configuration, its folders and its secret in `tmp_path`."""
    (tmp_path / "redis_auth").write_text("requirepass word\n")
    text = (DEPLOY / "redis" / "redis.conf").read_text()
    conf = tmp_path / "redis.conf"
    conf.write_text(
        text.replace("/run/secrets/redis_auth", str(tmp_path / "redis_auth"))
        .replace("dir /data", f"dir {tmp_path}")
        .replace("maxmemory 384mb", "maxmemory 3mb")
    )
    with ports.claim() as port:
        client = redis.Redis(port=port.number, password="word")

        def ready() -> bool:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

        spec = ProcessSpec(
            name="redis",
            argv=(str(find_redis_server()), str(conf), "--port", str(port.number)),
            ready=ready,
        )
        process = Process(spec, tmp_path / "redis.log")
        try:
            await_ready(process)
            yield client
        finally:
            client.close()
            process.stop()


def test_it_refuses_to_forget_when_it_is_full(deployed: redis.Redis):
    deployed.set("message", "kept")

    def fill() -> None:
        for number in range(1000):
            deployed.set(f"fill-{number}", b"x" * 100_000)

    with pytest.raises(redis.exceptions.OutOfMemoryError):
        fill()

    assert deployed.get("message") == b"kept"


def test_it_keeps_its_messages_and_wants_a_password(deployed: redis.Redis):
    stranger = redis.Redis(port=deployed.connection_pool.connection_kwargs["port"])

    assert deployed.config_get("appendonly") == {"appendonly": "yes"}
    with pytest.raises(redis.exceptions.AuthenticationError):
        stranger.ping()
