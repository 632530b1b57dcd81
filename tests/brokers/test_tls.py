"""Everything that uses Redis does so over TLS, and refuses a server that it cannot check."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from broker_servers import (
    IN_A_GROUP_OF_THEIR_OWN,
    PASSWORD,
    URL_PASSWORD,
    Certificates,
    free_port,
    redis_server,
)
from live_system import System

from haulage.brokers.redis_clients import connect_blocking
from haulage.client import Submission

pytestmark = IN_A_GROUP_OF_THEIR_OWN


@pytest.fixture(scope="module")
def tls_url(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis that speaks TLS alone and wants a certificate of its clients."""
    port = free_port()
    configuration = (
        f"port 0\ntls-port {port}\ntls-auth-clients yes\nrequirepass {PASSWORD}\nsave ''\n"
        f"tls-cert-file {certificates.cert}\ntls-key-file {certificates.key}\n"
        f"tls-ca-cert-file {certificates.ca}"
    )
    folder = tmp_path_factory.mktemp("redis")
    with redis_server(folder, "redis", configuration, port=port):
        yield f"rediss://:{URL_PASSWORD}@127.0.0.1:{port}/2?{certificates.query}"


@pytest.fixture(scope="module")
def tls_system(tls_url: str, system_on: Callable[..., Any]) -> Iterator[System]:
    with system_on(HAULAGE_REDIS_URL=tls_url) as system:
        yield system


def test_jobs_of_both_pools_run_and_their_news_arrive(tls_system: System) -> None:
    client = tls_system.client
    jobs = client.submit_many(
        [Submission("sleep", {"seconds": 0.2})] * 100 + [Submission("crunch", {"seconds": 0.1})] * 4
    )
    for job in jobs:
        assert tls_system.until_ended(job.id).state == "succeeded"
    job = client.submit("sleep", {"seconds": 0.3})
    states = [event.data["state"] for event in client.stream(job.id) if event.event == "state"]
    assert states == ["queued", "running", "succeeded"]


def test_the_messages_went_through_that_redis(tls_system: System, tls_url: str) -> None:
    with connect_blocking(tls_url) as client:
        client.config_resetstat()
        job = tls_system.client.submit("echo", {"value": 1})
        assert tls_system.until_ended(job.id).state == "succeeded"
        assert client.info("commandstats")["cmdstat_lpush"]["calls"] >= 1


@pytest.mark.parametrize("without", ["ssl_ca_certs", "ssl_certfile"])
def test_a_server_or_a_client_that_cannot_be_checked_is_refused(tls_url: str, without: str) -> None:
    base, _, query = tls_url.partition("?")
    kept = [part for part in query.split("&") if not part.startswith((without, "ssl_keyfile"))]
    with (
        connect_blocking(f"{base}?{'&'.join(kept)}") as client,
        pytest.raises((redis.ConnectionError, OSError)),
    ):
        client.ping()


def test_a_server_with_another_name_is_refused_unless_that_is_not_checked(tls_url: str) -> None:
    elsewhere = tls_url.replace("127.0.0.1", "localhost")
    with connect_blocking(elsewhere) as client, pytest.raises(redis.ConnectionError):
        client.ping()
    with connect_blocking(f"{elsewhere}&ssl_check_hostname=false") as client:
        assert client.ping()


def test_the_doctor_sees_it_and_warns_when_it_is_not_checked(tls_url: str) -> None:
    seen = doctor("Redis", tls_url)
    assert {"Redis", "Redis memory", "Redis clock"} <= seen.keys()
    assert set(seen.values()) == {"ok"}
    unchecked = doctor("Redis", f"{tls_url}&ssl_cert_reqs=none")
    assert unchecked["Redis TLS"] == "warn"


def doctor(about: str, redis_url: str) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "haulage", "doctor", "-o", "json"],
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("HAULAGE_")},
            "HAULAGE_REDIS_URL": redis_url,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    return {one["what"]: one["level"] for one in findings if one["what"].startswith(about)}
