"""A provider that rewrites novels, and sees newspapers: a process on loopback that speaks OpenAI's
language and counts.

Each chat takes `delay_s`; no more than `at_once` are under way, others get 429. What it answers
follows from the pages it is asked for, so that equal questions have equal answers.
`python -m bench.novel_provider PORT DELAY_S AT_ONCE`; GET anything: what it was asked.
"""

import asyncio
import hashlib
import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from haulage.runtime import ports
from haulage.runtime.http_probe import HttpProbe

PAGE = re.compile(r"^\[page (\d+)\]$", re.MULTILINE)
SHOWN = re.compile(r"^This is page (\d+) of a printed newspaper")
RETRY_AFTER_S = 0.5


@dataclass(frozen=True)
class Provider:
    """A running one; `url` is the base of its API."""

    url: str

    def look(self) -> dict[str, Any]:
        """`calls`: digest of the question, `began`, `ended` (None: still under way), in the order
        of their arrival; `most` under way at once; `refused`."""
        with urllib.request.urlopen(f"{self.url}/calls") as answer:
            return json.load(answer)  # type: ignore[no-any-return]


@contextmanager
def novel_provider(*, delay_s: float, at_once: int) -> Iterator[Provider]:
    """One, while the block lasts."""
    with ports.reserve_free() as port:
        words = [str(port.number), str(delay_s), str(at_once)]
        process = subprocess.Popen([sys.executable, "-m", "bench.novel_provider", *words])
        try:
            probe = HttpProbe("127.0.0.1", port.number, "/")
            while not probe():
                if process.poll() is not None:
                    raise RuntimeError(f"the novel provider ended with {process.returncode}")
                time.sleep(0.05)
            yield Provider(f"http://127.0.0.1:{port.number}/v1")
        finally:
            process.terminate()
            process.wait(10)


@dataclass
class Desk:
    """Answers, and remembers what was asked."""

    delay_s: float
    at_once: int
    calls: list[dict[str, Any]] = field(default_factory=list)
    under_way: int = 0
    most: int = 0
    refused: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Requests of one connection, one after the other."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = head.partition("content-length:")[2].partition("\r\n")[0]
                body = await reader.readexactly(int(length or 0))
                status, extra, answer = await self._answer(body)
                content = json.dumps(answer).encode()
                lines = [f"HTTP/1.1 {status}", "content-type: application/json", *extra]
                lines.append(f"content-length: {len(content)}")
                writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, body: bytes) -> tuple[str, list[str], Any]:
        if not body:
            seen = {"calls": self.calls, "most": self.most, "refused": self.refused}
            return "200 OK", [], seen
        if self.under_way >= self.at_once:
            self.refused += 1
            error = {"error": {"message": "too many at once", "code": "rate_limit_exceeded"}}
            return "429 Too Many Requests", [f"retry-after: {RETRY_AFTER_S}"], error
        question = json.loads(body)["messages"]
        digest = hashlib.sha256(json.dumps(question).encode()).hexdigest()
        call: dict[str, Any] = {"digest": digest, "began": time.time(), "ended": None}
        self.calls.append(call)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(self.delay_s)
        finally:
            self.under_way -= 1
            call["ended"] = time.time()
        content = question[-1]["content"]
        found = rewritten(content) if isinstance(content, str) else looked_at(content[0]["text"])
        return "200 OK", [], chat(found)


def rewritten(text: str) -> dict[str, Any]:
    """Ten short sentences for each page."""
    pages = [
        {
            "page": int(page),
            "sentences": [f"Page {page}, phrase {number}." for number in range(10)],
        }
        for page in PAGE.findall(text.partition("\n[context]\n")[0])
    ]
    return {"pages": pages}


def looked_at(text: str) -> dict[str, Any]:
    """One article on the page that came with the question."""
    shown = SHOWN.search(text)
    page = int(shown[1]) if shown else 0
    article = {
        **dict.fromkeys(("subtitle", "author", "summary"), ""),
        "title": f"Page {page}",
        "body": f"What is seen on page {page}.",
        "topics": [],
    }
    one = {"page_number": page, "kind": "articles", "issue_date": "", "articles": [article]}
    return {"pages": [one]}


def chat(found: dict[str, Any]) -> dict[str, Any]:
    """What a chat answers."""
    message = {"role": "assistant", "content": json.dumps(found)}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "rewriter",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
    }


async def serve(port: int, delay_s: float, at_once: int) -> None:
    """For ever."""
    desk = Desk(delay_s, at_once)
    server = await asyncio.start_server(desk.serve, "127.0.0.1", port, limit=1 << 24)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
