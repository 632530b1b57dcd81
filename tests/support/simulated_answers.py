"""What the simulated provider answers, well or badly, in OpenAI's shapes; see its module."""

import base64
import json
from typing import Any

KNOWN_FIELDS = {
    "model", "messages", "max_tokens", "max_completion_tokens", "temperature", "response_format",
    "usage", "input", "dimensions", "stream", "encoding_format",
}  # fmt: skip
VECTOR = 8


class Refused(Exception):
    """Answer with this status, headers and error."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, headers: dict | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers or {}

    def body(self) -> dict[str, Any]:
        return {"error": {"message": str(self), "type": "invalid_request_error", "code": self.code}}


class Misbehave(Exception):
    """Send these bytes as they are, then do what `then` says: close, hang or drip."""

    def __init__(self, raw: bytes, then: str = "close") -> None:
        super().__init__(then)
        self.raw, self.then = raw, then


def check(headers: dict[str, str], body: Any, keys: frozenset[str]) -> None:
    """Refuse what the real ones refuse."""
    if headers.get("authorization", "").removeprefix("Bearer ") not in keys:
        raise Refused(401, "Incorrect API key provided", code="invalid_api_key")
    if not isinstance(body, dict) or not isinstance(body.get("model"), str):
        raise Refused(400, "a model is needed")
    if unknown := set(body) - KNOWN_FIELDS:
        raise Refused(400, f"unknown fields: {sorted(unknown)}")
    if "messages" in body and not all(
        set(one) == {"role", "content"} and one["role"] in ("system", "user", "assistant")
        for one in body["messages"]
    ):
        raise Refused(400, "a message has a role and a content")
    wanted = (body.get("response_format") or {}).get("json_schema", {})
    if wanted.get("strict"):
        check_strict(wanted["schema"])


def check_strict(node: Any) -> None:
    """What OpenAI's strict mode asks of a schema."""
    if isinstance(node, dict):
        if node.get("type") == "object" and (
            node.get("additionalProperties") is not False
            or set(node.get("required", ())) != set(node.get("properties", {}))
        ):
            raise Refused(400, "strict: additionalProperties must be false, all keys required")
        for one in node.values():
            check_strict(one)
    elif isinstance(node, list):
        for one in node:
            check_strict(one)


def size_of(body: dict[str, Any]) -> int:
    """Tokens of a request: four bytes each, and what may be answered."""
    text = json.dumps(body.get("messages") or body.get("input"))
    return len(text) // 4 + body.get("max_tokens", body.get("max_completion_tokens", 0))


def chat(body: dict[str, Any], headers: dict[str, str], word: str) -> dict[str, Any]:
    content: Any = said(body["messages"][-1]["content"])
    usage: Any = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    ended, message = "stop", {}
    if body.get("usage", {}).get("include"):
        usage["cost"] = 0.00042
    match common(word, headers):
        case "cut":
            content, ended = content[: len(content) // 2], "length"
        case "refuse":
            content, message = None, {"refusal": "I can't help with that."}
        case "filter":
            content, ended = "", "content_filter"
        case "silent":
            usage = None
        case "liar":
            usage = {"prompt_tokens": -5, "completion_tokens": 10**9, "cost": "free"}
        case "nothing":
            return {"choices": []}
        case "misfit":
            content = '{"odd": true}'
        case "fit":
            content = '{"name": "Ada"}'
    message = {"role": "assistant", "content": content, **message}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": ended}],
        **({"usage": usage} if usage else {}),
    }


def said(content: Any) -> Any:
    """A message's text, and which pictures came with it."""
    if not isinstance(content, list):
        return content
    text, *pictures = content
    if text["type"] != "text" or any(one["type"] != "image_url" for one in pictures):
        raise Refused(400, "Invalid value: a part is text or image_url")
    urls = [one["image_url"]["url"] for one in pictures]
    if not all(url.startswith("data:image/") and ";base64," in url for url in urls):
        raise Refused(400, "Invalid image_url: a data URL is expected")
    return text["text"] + "".join(
        seen(url.removeprefix("data:").partition(";")[0], url.partition(",")[2]) for url in urls
    )


def seen(media_type: str, data: str) -> str:
    """A picture as the answer tells of it."""
    return f" [{media_type}, {len(base64.b64decode(data, validate=True))} bytes]"


def embeddings(body: dict[str, Any], headers: dict[str, str], word: str) -> dict[str, Any]:
    texts = body["input"]
    if len(texts) > 2048:
        raise Refused(400, "at most 2048 texts")
    size = body.get("dimensions", VECTOR)
    rows = [
        {"object": "embedding", "index": place, "embedding": [len(text) / 7.0] * size}
        for place, text in enumerate(texts)
    ]
    tokens = sum(len(text.split()) for text in texts)
    match common(word, headers):
        case "nothing":
            return {"object": "list"}
        case "short":
            rows = rows[:-1]
        case "nan":
            rows[0]["embedding"] = [float("nan")] * size
        case "ragged":
            rows[0]["embedding"] = [1.0]
        case "shuffled":
            rows.reverse()
    return {
        "object": "list",
        "data": rows,
        "model": body["model"],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def common(word: str, headers: dict[str, str]) -> str:
    """Misbehave in the ways any answer can; else the word."""
    head, _, rest = word.partition(":")
    if head.isdigit():
        extra = {"retry-after": rest} if rest else {}
        raise Refused(int(head), "as you wished", headers=extra)
    match head:
        case "hang":
            raise Misbehave(b"", "hang")
        case "close":
            raise Misbehave(b"")
        case "drip":
            raise Misbehave(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n{", "drip")
        case "half":
            raise Misbehave(b'HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{"choices": [{"m')
        case "html":
            raise Misbehave(b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n<html></html>")
        case "list":
            raise Misbehave(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]")
        case "bomb":
            raise Misbehave(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + b"[" * 100_000)
        case "error200":
            code = int(rest) if rest else 502
            text = json.dumps({"error": {"code": code, "message": "the provider behind failed"}})
            size = len(text)
            raise Misbehave(f"HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n{text}".encode())
        case "quota":
            raise Refused(429, "You exceeded your current quota", code="insufficient_quota")
        case "keyecho":
            raise Refused(400, f"Don't send {headers['authorization']} like this")
    return word
