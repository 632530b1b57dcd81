"""Blobs and files: named by content, whole or not at all."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from haulage.domain.errors import NotFound, Unavailable
from haulage.domain.ids import uuid7
from haulage.engine.services import Services
from haulage.storage.blobs import PART_BYTES, SMALL_BYTES, Blobs, reference


def lying_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


async def parts_of(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def broken(error: BaseException, size: int) -> AsyncIterator[bytes]:
    yield b"x" * size
    raise error


async def test_equal_content_is_stored_once(blobs: Blobs, folder: Path) -> None:
    refs = await asyncio.gather(*(blobs.put(b"hello") for _ in range(10)))
    assert set(refs) == {reference(hashlib.sha256(b"hello").hexdigest())}
    assert lying_in(folder) == [refs[0]]
    assert await blobs.get(refs[0]) == b"hello"


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (b"",),
        (b"a", b"", b"bc"),
        (b"x" * SMALL_BYTES,),
        (b"x" * SMALL_BYTES, b"y"),
        (b"x" * PART_BYTES, b"y" * 10, b"z" * PART_BYTES),
    ],
    ids=["nothing", "an empty part", "small", "just small", "just large", "large parts"],
)
async def test_a_stream_is_stored_whole_under_its_digest(
    blobs: Blobs, folder: Path, parts: tuple[bytes, ...]
) -> None:
    stored = await blobs.put_stream(parts_of(*parts), scratch="one")
    whole = b"".join(parts)
    assert (stored.size, stored.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert await blobs.get(stored.ref) == whole
    assert lying_in(folder) == [stored.ref]


async def test_the_same_stream_twice_at_once_is_one_blob(blobs: Blobs, folder: Path) -> None:
    one, two = await asyncio.gather(
        blobs.put_stream(parts_of(b"same"), scratch="one"),
        blobs.put_stream(parts_of(b"sa", b"me"), scratch="two"),
    )
    assert one == two
    assert lying_in(folder) == [one.ref]


@pytest.mark.parametrize("size", [10, PART_BYTES * 2])
@pytest.mark.parametrize(
    "error",
    [ValueError("too large"), ConnectionResetError("gone"), TimeoutError(), OSError("disk")],
    ids=lambda error: type(error).__name__,
)
async def test_a_stream_that_breaks_off_leaves_nothing_and_says_why(
    blobs: Blobs, folder: Path, error: Exception, size: int
) -> None:
    with pytest.raises(type(error)) as caught:
        await blobs.put_stream(broken(error, size), scratch="one")
    assert caught.value is error
    assert lying_in(folder) == []


async def test_a_stream_that_is_cancelled_leaves_nothing(blobs: Blobs, folder: Path) -> None:
    reached = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"x" * (PART_BYTES + 1)
        reached.set()
        await asyncio.Event().wait()

    upload = asyncio.ensure_future(blobs.put_stream(endless(), scratch="one"))
    await reached.wait()
    upload.cancel()
    await asyncio.wait({upload})
    assert upload.cancelled()
    assert lying_in(folder) == []


async def test_a_store_that_refuses_a_stream_is_unavailable(blobs: Blobs, folder: Path) -> None:
    (folder / "uploads").write_text("a file where a folder should be")
    with pytest.raises(Unavailable, match="refused a write") as caught:
        await blobs.put_stream(parts_of(b"x" * (SMALL_BYTES + 1)), scratch="one")
    assert "HAULAGE_BLOB_URL" in caught.value.hint


async def test_a_store_that_refuses_a_blob_is_unavailable(blobs: Blobs, folder: Path) -> None:
    (folder / "sha256").write_text("a file where a folder should be")
    with pytest.raises(Unavailable, match="refused a write"):
        await blobs.put(b"x")


async def test_a_blob_that_is_not_there_is_not_found(blobs: Blobs) -> None:
    with pytest.raises(NotFound, match="no blob"):
        await blobs.get(reference("0" * 64))


@pytest.mark.parametrize("url", ["nonsense://x", "s3://"])
def test_a_url_that_means_nothing_is_said(url: str) -> None:
    with pytest.raises(Unavailable, match="can't be opened"):
        Blobs.open(url)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="can't be opened"):
        Blobs.open(str(tmp_path / "file" / "folder"))


async def test_a_small_text_stays_in_place_and_a_large_one_comes_back(tmp_path: Path) -> None:
    blobs = Blobs.open(f"file://{tmp_path}", inline_bytes=4)
    small, large = await blobs.keep("éé"), await blobs.keep("ééé")
    assert (small.text, small.ref, small.size) == ("éé", None, 4)
    assert (large.text, large.size) == (None, 6)
    assert await blobs.fetch(small.text, small.ref) == "éé"
    assert await blobs.fetch(large.text, large.ref) == "ééé"


async def added(services: Services, content: bytes, tenant: str = "default", name: str = "a.pdf"):
    stored = await services.blobs.put_stream(parts_of(content), scratch=str(uuid7()))
    return await services.files.add(
        id=uuid7(),
        tenant=tenant,
        sha256=stored.sha256,
        size=stored.size,
        media_type="application/pdf",
        name=name,
    )


async def test_a_file_comes_back_with_what_is_known_of_it(services: Services) -> None:
    file = await added(services, b"%PDF", name="ré\u202e'; --.pdf")
    found = await services.files.get(file.id, tenant="default")
    assert found == file
    assert (file.size, file.name) == (4, "ré\u202e'; --.pdf")
    assert await services.files.content(file) == b"%PDF"


async def test_a_file_of_another_tenant_is_not_there(services: Services) -> None:
    file = await added(services, b"%PDF", tenant="acme")
    assert await services.files.get(file.id, tenant="default") is None
    assert await services.files.get(uuid7(), tenant="acme") is None


async def test_two_files_of_equal_content_share_their_bytes(
    services: Services, folder: Path
) -> None:
    one, two = await added(services, b"same"), await added(services, b"same", tenant="acme")
    assert one.id != two.id
    assert lying_in(folder) == [reference(one.sha256)]
