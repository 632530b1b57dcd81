"""Uploads: how much a large one adds to the API's memory, and how many small ones it takes.

Beside it a bare Starlette route that writes its body to a file and looks at nothing.
"""

import asyncio
import io
import threading
import time
from collections.abc import Callable, Iterator

import uvloop
from reportlab.pdfgen.canvas import Canvas

from bench import serving
from bench.http_load import END, LENGTH
from bench.system import report, resident_mb, running

LARGE_BYTES, BAR_MB = 200 * 1024 * 1024, 32.0
SMALL, CONNECTIONS, BAR_PER_S = 1_000, 16, 150.0
PIECE = bytes(range(256)) * 1024
OURS, BARE = "/api/v1/files", "/files"


def large() -> bool:
    """Upload 200 MB as a form; print the line; whether the bar is met."""
    with running() as system:
        ours_mb, ours_s = _grown_mb(system.url, OURS, system.api_pid)
    with serving.running("bench.bare_upload") as bare:
        bare_mb, bare_s = _grown_mb(bare.url, BARE, bare.pid)
    return report(
        "upload",
        met=ours_mb < BAR_MB,
        megabytes=LARGE_BYTES / 1024 / 1024,
        memory_grew_mb=ours_mb,
        bar_mb=BAR_MB,
        took_s=ours_s,
        bare_starlette_grew_mb=bare_mb,
        bare_starlette_took_s=bare_s,
    )


def small() -> bool:
    """Upload 1,000 PDFs, each looked into; print the line; whether the bars are met."""
    pdfs = list(_pdfs(SMALL))
    with running() as system:
        uvloop.run(_upload(system.url, OURS, list(_pdfs(50, "warm-up"))))
        took_s = uvloop.run(_upload(system.url, OURS, pdfs))
        stored, read = system.database.execute(
            "SELECT count(DISTINCT sha256), count(*) FILTER (WHERE pages = 1) FROM files"
        ).fetchone() or (0, 0)
        stored, read = stored - 50, read - 50
    with serving.running("bench.bare_upload") as bare:
        uvloop.run(_upload(bare.url, BARE, list(_pdfs(50, "warm-up"))))
        bare_s = uvloop.run(_upload(bare.url, BARE, pdfs))
    per_s = SMALL / took_s
    return report(
        "small_files",
        met=stored == read == SMALL and per_s > BAR_PER_S,
        files=SMALL,
        connections=CONNECTIONS,
        kilobytes_each=len(pdfs[0]) / 1024,
        stored=stored,
        pages_counted=read,
        per_s=per_s,
        bar_per_s=BAR_PER_S,
        bare_starlette_per_s=SMALL / bare_s,
        ratio=bare_s / took_s,
    )


def _grown_mb(url: str, path: str, pid: int) -> tuple[float, float]:
    """What the process of `pid` grew by at most during a large upload, and how long that took."""
    # The first one loads what every later one finds loaded.
    uvloop.run(_send_form(url, path, len(PIECE)))
    before_mb = most_mb = resident_mb(pid)
    over = threading.Event()

    def look() -> None:
        nonlocal most_mb
        while not over.wait(0.02):
            most_mb = max(most_mb, resident_mb(pid))

    looking = threading.Thread(target=look)
    looking.start()
    began = time.perf_counter()
    uvloop.run(_send_form(url, path, LARGE_BYTES))
    took_s = time.perf_counter() - began
    over.set()
    looking.join()
    return most_mb - before_mb, took_s


async def _send_form(url: str, path: str, size: int) -> None:
    head = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="large.bin"\r\n\r\n'
    tail = b"\r\n--cut--\r\n"

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for _ in range(size // len(PIECE)):
            writer.write(PIECE)
            await writer.drain()
        writer.write(tail)

    await _post(
        *await _connected(url),
        path,
        "multipart/form-data; boundary=cut",
        len(head) + size + len(tail),
        send,
    )


async def _upload(url: str, path: str, contents: list[bytes]) -> float:
    left = iter(contents)

    async def one() -> None:
        reader, writer = await _connected(url)
        for content in left:
            await _post(reader, writer, path, "application/pdf", len(content), content)
        writer.close()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(one())
    return time.perf_counter() - began


async def _connected(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
    return await asyncio.open_connection(host, int(port))


async def _post(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    path: str,
    kind: str,
    size: int,
    body: "bytes | Callable[[asyncio.StreamWriter], object]",
) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {kind}\r\n"
    writer.write(f"{head}Content-Length: {size}\r\n\r\n".encode())
    if isinstance(body, bytes):
        writer.write(body)
    else:
        await body(writer)  # type: ignore[misc]
    answer = await reader.readuntil(END)
    start = answer.lower().index(LENGTH) + len(LENGTH)
    said = await reader.readexactly(int(answer[start : answer.index(b"\r", start)]))
    if not answer.startswith(b"HTTP/1.1 201 "):
        raise RuntimeError(f"{answer.splitlines()[0]!r}: {said[:300]!r}")


def _pdfs(count: int, mark: str = "") -> Iterator[bytes]:
    """PDFs of one page and about 10 kB, each with bytes of its own."""
    stream = io.BytesIO()
    canvas = Canvas(stream, invariant=1, pageCompression=0)
    for line in range(60):
        canvas.drawString(72, 800 - 12 * line, f"Line {line} of a small document. " * 4)
    canvas.showPage()
    canvas.save()
    for number in range(count):
        yield stream.getvalue() + f"% {mark} {number}\n".encode()
