"""The yardstick's other side: a process on loopback that gives every chat the same answer at once.

`python -m bench.canned_provider PORT` serves it.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from haulage.runtime import ports
from haulage.runtime.http_probe import HttpProbe

ANSWER = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "canned",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": '{"title": "Flood", "words": 12}'},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 300, "completion_tokens": 12, "total_tokens": 312},
    }
).encode()
HEAD = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(ANSWER)}\r\n\r\n"


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Requests of one connection, one after the other."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length or 0))
            writer.write(HEAD.encode() + ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve(port: int) -> None:
    """For ever."""
    server = await asyncio.start_server(answer, "127.0.0.1", port)
    await server.serve_forever()


@contextmanager
def canned_provider() -> Iterator[str]:
    """Its URL, while it serves."""
    with ports.reserve_free() as port:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.canned_provider", str(port.number)]
        )
        try:
            probe = HttpProbe("127.0.0.1", port.number, "/")
            while not probe():
                if process.poll() is not None:
                    raise RuntimeError(f"the canned provider ended with {process.returncode}")
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port.number}/v1"
        finally:
            process.terminate()
            process.wait(10)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
