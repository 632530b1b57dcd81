"""What nginx does with the configuration that is deployed: the group `deploy`."""

import asyncio
import json
import os
import ssl
import subprocess

import pytest
import websockets
from edge_site import Site, site
from receiver import receiving, status

from deploy.nginx.edge import Edge

pytestmark = pytest.mark.skipif(
    os.environ.get("HAULAGE_TEST_DEPLOY") != "1", reason="the group `deploy` runs them"
)
JOB = {"type": "demo", "input": {}}
ONCE = {"Idempotency-Key": "one"}


async def drop(writer: asyncio.StreamWriter) -> None:
    """What a server says that is killed while it works."""
    writer.transport.abort()


def test_nginx_takes_the_configuration(tmp_path):
    edge = Edge(
        run=tmp_path,
        listen="127.0.0.1:8080",
        api=["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"],
    )
    edge.write()

    tested = subprocess.run([*edge.command(), "-t"], capture_output=True, text=True)

    assert tested.returncode == 0, tested.stderr


async def test_with_a_certificate_it_speaks_tls_and_sends_others_on(tmp_path, certificate):
    async with site(tmp_path, certificate=certificate) as edge:
        answer = await edge.client.get("/api/v1/jobs")
        insecure = await edge.client.post(f"http://127.0.0.1:{edge.port}/api/v1/jobs?a=b", json=JOB)

    assert (answer.status_code, answer.headers["strict-transport-security"]) == (
        200,
        "max-age=31536000",
    )
    assert heard_by(edge).headers["x-forwarded-proto"] == "https"
    assert insecure.status_code == 308
    assert insecure.headers["location"] == "https://127.0.0.1/api/v1/jobs?a=b"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1")
async def test_browsers_get_http_2_and_nobody_gets_old_tls(tmp_path, certificate):
    async with site(tmp_path, certificate=certificate) as edge:
        assert await negotiated(edge.tls_port, certificate) == ("h2", "TLSv1.3")
        with pytest.raises(ssl.SSLError):
            await negotiated(edge.tls_port, certificate, most=ssl.TLSVersion.TLSv1_1)


async def negotiated(port: int, certificate, *, most=ssl.TLSVersion.MAXIMUM_SUPPORTED):
    """The protocols that a client agrees on with the edge."""
    context = ssl.create_default_context(cafile=certificate[0])
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = most
    context.set_alpn_protocols(["h2", "http/1.1"])
    context.set_ciphers("ALL:@SECLEVEL=0")
    _, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="localhost"
    )
    spoken = writer.get_extra_info("ssl_object")
    writer.close()
    return spoken.selected_alpn_protocol(), spoken.version()


async def test_a_dead_server_is_routed_around_and_taken_back(tmp_path):
    async with site(tmp_path, dead=1, patience="1s") as edge:
        statuses = [(await edge.client.get("/api/v1/jobs")).status_code for _ in range(30)]

        assert statuses == [200] * 30
        assert edge.heard[0] == 0
        async with receiving(edge.ports[0]) as back:
            async with asyncio.timeout(10):
                while not back.received:
                    assert (await edge.client.get("/api/v1/jobs")).status_code == 200


async def test_servers_that_have_all_failed_are_asked_all_the_same(tmp_path):
    async with site(tmp_path, patience="60s") as edge:
        for one in edge.servers:
            one.answer = drop
        for _ in range(9):
            assert (await edge.client.get("/api/v1/jobs")).status_code == 502
        for one in edge.servers:
            one.answer = status(200)

        answers = [await edge.client.get("/api/v1/jobs") for _ in range(9)]

    assert [answer.status_code for answer in answers] == [200] * 9


async def test_a_read_that_a_server_drops_is_sent_on(edge: Site):
    for one in edge.servers:
        one.answers = [drop]

    edge.servers[0].answers = []
    answers = await asyncio.gather(*(edge.client.get("/api/v1/jobs") for _ in range(5)))

    assert {answer.status_code for answer in answers} == {200}


async def test_a_submit_without_a_key_is_not_made_twice(edge: Site):
    for one in edge.servers:
        one.answer = drop

    answer = await edge.client.post("/api/v1/jobs", json=JOB)

    assert sum(edge.heard) == 1
    assert answer.status_code == 502
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "no_api_server"


@pytest.mark.parametrize("path", ["/api/v1/jobs", "/api/v1/jobs/batch"])
async def test_a_submit_with_a_key_is_sent_on_whole(edge: Site, path: str):
    for one in edge.servers[:2]:
        one.answer = drop

    answers = [await edge.client.post(path, json=JOB, headers=ONCE) for _ in range(3)]

    assert [answer.text for answer in answers] == ["2"] * 3
    assert all(request.document == JOB for request in edge.servers[2].received)
    assert {request.path for request in edge.servers[2].received} == {path}


async def test_another_post_is_not_repeated_whatever_key_it_has(edge: Site):
    for one in edge.servers:
        one.answer = drop

    await edge.client.post("/api/v1/jobs/1/cancel", headers=ONCE)

    assert sum(edge.heard) == 1


async def test_a_submit_that_nobody_takes_is_answered_with_a_document(edge: Site):
    for one in edge.servers:
        one.answer = drop

    answer = await edge.client.post("/api/v1/jobs", json=JOB, headers=ONCE)

    assert edge.heard == [1, 1, 1]
    assert (answer.status_code, answer.json()["code"]) == (502, "no_api_server")


async def test_a_submit_that_a_server_refuses_to_connect_for_goes_to_another(tmp_path):
    async with site(tmp_path, dead=2) as edge:
        answers = [await edge.client.post("/api/v1/jobs", json=JOB) for _ in range(5)]

    assert [answer.text for answer in answers] == ["2"] * 5


async def test_what_an_api_server_says_is_passed_on_as_it_is(edge: Site):
    for one in edge.servers:
        one.answer = status(503, '{"code":"database_unavailable"}', Retry_After="7")

    answer = await edge.client.get("/api/v1/jobs")

    assert sum(edge.heard) == 1
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    assert answer.json() == {"code": "database_unavailable"}


async def test_an_event_arrives_while_its_stream_is_open(edge: Site):
    heard = asyncio.Event()

    async def stream(writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Accel-Buffering: no\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"
        )
        await asyncio.wait_for(heard.wait(), 10)
        writer.write(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")

    for one in edge.servers:
        one.answer = stream

    async with edge.client.stream("GET", "/api/v1/jobs/1/events") as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == "data: 1"
        heard.set()
        assert [line async for line in lines if line] == ["data: 2"]


async def test_streams_go_to_the_server_with_the_fewest_connections(edge: Site):
    ended = asyncio.Event()

    async def hold(writer: asyncio.StreamWriter) -> None:
        await asyncio.wait_for(ended.wait(), 10)
        writer.write(status(200))

    for one in edge.servers:
        one.answer = hold
    streams = [asyncio.create_task(edge.client.get("/api/v1/jobs/1/events")) for _ in range(6)]
    for one in edge.servers:
        await one.until(2)
    ended.set()
    await asyncio.gather(*streams)

    assert edge.heard == [2, 2, 2]


async def test_a_websocket_passes_through(tmp_path):
    async def echo(socket: websockets.ServerConnection) -> None:
        async for message in socket:
            await socket.send(f"{socket.request.path} {message}")

    async with websockets.serve(echo, "127.0.0.1", 0) as server:
        there = server.sockets[0].getsockname()[1]
        async with site(tmp_path, at=there) as edge:
            url = f"ws://127.0.0.1:{edge.port}/api/v1/jobs/1/ws"
            async with websockets.connect(url, proxy=None) as socket:
                await socket.send("hello")
                assert await socket.recv() == "/api/v1/jobs/1/ws hello"


async def test_an_upload_arrives_while_it_is_sent(tmp_path):
    arrived, whole = asyncio.Event(), asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"first half")
        arrived.set()
        await reader.readuntil(b"second half")
        whole.set()
        writer.write(status(201))

    server = await asyncio.start_server(take, "127.0.0.1", 0)

    async def halves():
        yield b"first half"
        await asyncio.wait_for(arrived.wait(), 10)
        yield b"second half"

    async with server, site(tmp_path, at=server.sockets[0].getsockname()[1]) as edge:
        answer = await edge.client.post("/api/v1/files", content=halves())

    assert answer.status_code == 201
    assert whole.is_set()


async def test_a_body_beyond_every_limit_is_refused_with_a_document(edge: Site):
    answer = await edge.client.post("/api/v1/jobs", content=b" " * (17 * 1024 * 1024))

    assert sum(edge.heard) == 0
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


async def test_metrics_are_not_for_clients(edge: Site):
    assert (await edge.client.get("/metrics")).status_code == 404
    assert sum(edge.heard) == 0


async def test_the_edge_says_from_where_a_request_comes_whatever_its_client_claims(edge: Site):
    await edge.client.get("/", headers={"X-Forwarded-For": "203.0.113.9", "X-Request-ID": "mine"})

    headers = heard_by(edge).headers
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-request-id"] == "mine"
    # The API holds a browser's Origin against it.
    assert headers["host"] == f"127.0.0.1:{edge.port}"


async def test_nothing_is_complained_about(tmp_path):
    async with site(tmp_path) as edge:
        await edge.client.get("/")

    # A warning says how many files this machine lets it open; that is the machine's affair.
    said = (tmp_path / "nginx.log").read_text().splitlines()
    assert [line for line in said if "[warn]" not in line] == []


async def test_the_log_has_no_query_and_names_the_request(tmp_path):
    async with site(tmp_path) as edge:
        await edge.client.get("/api/v1/jobs", params={"secret": "words"})

    line = json.loads(edge.log.read_text().splitlines()[-1])
    assert "words" not in str(line)
    assert (line["path"], line["status"]) == ("/api/v1/jobs", 200)
    assert line["request_id"] == heard_by(edge).headers["x-request-id"]


def heard_by(edge: Site):
    """The only request that came to any of the servers."""
    (request,) = [request for one in edge.servers for request in one.received]
    return request
