"""The blob store in a bucket, against a simulated S3."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from haulage.domain.errors import NotFound, Unavailable
from haulage.storage.blobs import PART_BYTES, SMALL_BYTES, Blobs, reference

FUTURE = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    # Imported where it is used: it takes each process that collects tests a third of a second.
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def blobs(s3: str, monkeypatch: pytest.MonkeyPatch) -> Blobs:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": s3,
        "AWS_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(name, value)
    bucket = f"haulage-{uuid4()}"
    httpx.put(f"{s3}/{bucket}").raise_for_status()
    return Blobs.open(f"s3://{bucket}/below")


async def parts_of(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def stored(blobs: Blobs) -> list[str]:
    return [ref async for page in blobs.written_before(FUTURE) for ref in page]


@pytest.mark.parametrize(
    "parts",
    [(b"",), (b"a", b"bc"), (b"x" * SMALL_BYTES, b"y"), (b"x" * PART_BYTES, b"y" * PART_BYTES)],
    ids=["nothing", "small", "large", "in parts"],
)
async def test_a_stream_comes_back_whole(
    blobs: Blobs, tmp_path: Path, parts: tuple[bytes, ...]
) -> None:
    whole = b"".join(parts)
    for _ in range(2):
        one = await blobs.put_stream(parts_of(*parts), scratch="one")
        assert await blobs.get(one.ref) == whole
    assert await stored(blobs) == [one.ref]
    assert await blobs.discard_uploads(FUTURE) == 0
    await blobs.copy_to(tmp_path / "copy", one.ref, size=one.size)
    assert (tmp_path / "copy").read_bytes() == whole
    assert blobs.path_of(one.ref) is None


async def test_a_range_is_a_range(blobs: Blobs) -> None:
    ref = await blobs.put(bytes(range(100)))
    pieces = [piece async for piece in await blobs.stream(ref, start=10, end=20)]
    assert b"".join(pieces) == bytes(range(10, 20))


async def test_a_stream_that_breaks_off_leaves_nothing(blobs: Blobs) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 2 * PART_BYTES
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await blobs.put_stream(broken(), scratch="one")
    assert await stored(blobs) == []
    assert await blobs.discard_uploads(FUTURE) == 0


async def test_what_nobody_names_is_discarded_unless_it_was_written_again(blobs: Blobs) -> None:
    ref = await blobs.put(b"x")
    assert not await blobs.discard(ref, written_before=FUTURE - timedelta(days=2))
    assert await blobs.discard(ref, written_before=FUTURE)
    assert not await blobs.discard(ref, written_before=FUTURE)
    for ask in (blobs.get(ref), blobs.stream(ref, end=1)):
        with pytest.raises(NotFound):
            await ask


async def test_a_bucket_that_is_not_there_is_unavailable(blobs: Blobs) -> None:
    missing = Blobs.open(f"s3://haulage-{uuid4()}")
    with pytest.raises(Unavailable, match="refused a write"):
        await missing.put(b"x")
    with pytest.raises(NotFound):
        await missing.get(reference("0" * 64))
