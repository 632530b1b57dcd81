"""What a handler does with files, over a folder and over a bucket."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from obstore.store import MemoryStore

from haulage.domain.ids import uuid7
from haulage.engine.blocking import BlockingRunContext
from haulage.engine.services import Services
from haulage.storage import local_copies
from haulage.storage.blobs import Blobs
from haulage.storage.local_copies import LocalCopies
from tests.engine.conftest import Bench
from tests.factories import row

CONTENT = b"%PDF" + bytes(range(256)) * 4_000


@pytest.fixture(params=["a folder", "a bucket"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch) -> Blobs:
    monkeypatch.setattr(local_copies.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    if request.param == "a folder":
        return Blobs.open(str(tmp_path / "blobs"))
    return Blobs(MemoryStore())


def left_behind(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_dir() and path.parent != folder]


async def file_of(services: Services, content: bytes = CONTENT, tenant: str = "default") -> UUID:
    ref = await services.blobs.put(content)
    added = await services.files.add(
        id=uuid7(),
        tenant=tenant,
        sha256=ref.rpartition("/")[2],
        size=len(content),
        media_type="application/pdf",
        name="a.pdf",
    )
    return added.id


async def test_a_file_lies_on_the_disk_until_the_attempt_ends(
    bench: Bench, services: Services, tmp_path: Path
) -> None:
    file_id = await file_of(services)

    async def handler(input, ctx):
        first, second = await asyncio.gather(ctx.file_path(file_id), ctx.file_path(str(file_id)))
        assert first.path == second.path
        return [first.name, first.size, first.path.read_bytes() == CONTENT]

    job_id = await bench.run(handler)
    assert (await row(services, job_id))["result"] == ["a.pdf", len(CONTENT), True]
    assert left_behind(tmp_path / "tmp") == []


@pytest.mark.parametrize("whose", ["another tenant's", "one whose bytes are gone"])
async def test_a_file_that_is_not_there_fails_the_job(
    bench: Bench, services: Services, whose: str
) -> None:
    if whose == "another tenant's":
        file_id = await file_of(services, tenant="acme")
    else:
        file_id = (
            await services.files.add(
                id=uuid7(), tenant="default", sha256="0" * 64, size=4, media_type="a/b", name="a"
            )
        ).id

    async def handler(input, ctx):
        await ctx.file_path(file_id)

    error = (await row(services, await bench.run(handler)))["error"]
    assert (error["code"], error["retryable"]) == ("file_not_found", False)


@pytest.mark.parametrize("way", ["bytes", "path", "nothing"])
async def test_what_a_handler_makes_is_a_file(
    bench: Bench, services: Services, tmp_path: Path, way: str
) -> None:
    (tmp_path / "made").write_bytes(CONTENT)
    content = {"bytes": CONTENT, "path": tmp_path / "made", "nothing": b""}[way]

    async def handler(input, ctx):
        made = await ctx.put_file("made.bin", "application/x-made", content)
        read = await ctx.file_path(made.id)
        return [str(made.id), made.size, read.path.stat().st_size]

    file_id, *sizes = (await row(services, await bench.run(handler)))["result"]
    found = await services.files.get(UUID(file_id), tenant="default")
    assert found is not None
    assert (found.name, found.media_type) == ("made.bin", "application/x-made")
    assert sizes == [found.size] * 2


async def test_an_attempt_that_makes_a_file_again_finds_it(
    bench: Bench, services: Services
) -> None:
    seen = []

    async def handler(input, ctx):
        seen.append((await ctx.put_file("a", "text/plain", b"same")).id)
        if ctx.attempt == 1:
            raise TimeoutError
        seen.append((await ctx.put_file("a", "text/plain", b"other")).id)
        seen.append((await ctx.put_file("b", "text/plain", b"same")).id)

    await bench.again(await bench.run(handler))
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3


async def test_a_plain_handler_does_the_same(bench: Bench, services: Services) -> None:
    async def handler(input, ctx):
        blocking = BlockingRunContext(ctx, asyncio.get_running_loop())

        def work():
            made = blocking.put_file("a.txt", "text/plain", b"text")
            return [
                blocking.file_path(made.id).path.read_text(),
                blocking.file(made.id).content.decode(),
            ]

        return await asyncio.to_thread(work)

    assert (await row(services, await bench.run(handler)))["result"] == ["text", "text"]


def test_copies_of_a_process_that_was_killed_are_removed_by_the_next(tmp_path: Path) -> None:
    killed, living = LocalCopies(tmp_path), LocalCopies(tmp_path)
    (killed.folder() / "copy").write_text("left behind")
    (living.folder() / "copy").write_text("in use")
    killed._release()
    next_one = LocalCopies(tmp_path)
    next_one.folder()
    assert not killed.folder().exists()
    assert (living.folder() / "copy").exists()
    for one in (living, next_one):
        one.close()
    assert left_behind(tmp_path) == []
