"""Gemini's and Ollama's shapes of the simulated provider; see its module.

Gemini lies under `/v1beta`, Ollama under `/api`. Ollama has no model whose name begins with
`absent` before it was pulled; `absent-for-good` can't be, and the pull of `absent-slow` never ends.
"""

import json
from typing import Any
from urllib.parse import unquote

from simulated_answers import VECTOR, Misbehave, Refused, common, seen

GEMINI_CONFIG = {"maxOutputTokens", "temperature", "responseMimeType", "responseJsonSchema"}
OLLAMA_FIELDS = {
    "/api/chat": {"model", "messages", "stream", "format", "options", "tools"},
    "/api/embed": {"model", "input", "truncate", "dimensions"},
    "/api/pull": {"model", "stream", "insecure"},
}


def gemini(path: str, headers: dict[str, str], body: Any, key: str) -> Any:
    """Answer as Gemini does."""
    if headers.get("x-goog-api-key") != key:
        raise GeminiRefused(400, "API key not valid.", "INVALID_ARGUMENT", reason="API_KEY_INVALID")
    named, _, method = unquote(path).removeprefix("/v1beta/models/").partition(":")
    if named == "nobody":
        raise GeminiRefused(404, "models/nobody is not found for API version v1beta", "NOT_FOUND")
    if named == "exhausted":
        raise GeminiRefused(429, "Resource has been exhausted", "RESOURCE_EXHAUSTED", delay="7.5s")
    if method == "batchEmbedContents":
        rows = [
            {"values": [1.0] * one.get("outputDimensionality", VECTOR)} for one in body["requests"]
        ]
        if len(rows) > 100:
            raise GeminiRefused(400, "at most 100 requests can be in one batch", "INVALID_ARGUMENT")
        return {"embeddings": rows}
    if set(body["generationConfig"]) - GEMINI_CONFIG or method != "generateContent":
        raise GeminiRefused(400, "Unknown name", "INVALID_ARGUMENT")
    if {one["role"] for one in body["contents"]} - {"user", "model"}:
        raise GeminiRefused(400, "Please use a valid role: user, model.", "INVALID_ARGUMENT")
    word = common(named.removeprefix("do/"), headers)
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 4, "thoughtsTokenCount": 3}
    if word == "blocked":
        return {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": usage}
    first, *pictures = body["contents"][-1]["parts"]
    text = first["text"] + "".join(
        seen(one["inlineData"]["mimeType"], one["inlineData"]["data"]) for one in pictures
    )
    return {
        "candidates": [
            {
                "content": {
                    "role": "model",
                    "parts": [{"text": "hm", "thought": True}, {"text": text}],
                },
                "finishReason": {"cut": "MAX_TOKENS", "unsafe": "SAFETY"}.get(word, "STOP"),
                "index": 0,
            }
        ],
        "usageMetadata": {**usage, "totalTokenCount": 16},
        "modelVersion": named,
    }


class GeminiRefused(Refused):
    """Google's form of an error."""

    def __init__(
        self, status: int, message: str, name: str, *, reason: str = "", delay: str = ""
    ) -> None:
        super().__init__(status, message)
        base = "type.googleapis.com/google.rpc."
        self.error = {"code": status, "message": message, "status": name, "details": []}
        if reason:
            self.error["details"].append({"@type": f"{base}ErrorInfo", "reason": reason})
        if delay:
            self.error["details"].append({"@type": f"{base}RetryInfo", "retryDelay": delay})

    def body(self) -> dict[str, Any]:
        return {"error": self.error}


class OllamaRefused(Refused):
    """Ollama's form of an error."""

    def body(self) -> dict[str, Any]:
        return {"error": str(self)}


def ollama(path: str, headers: dict[str, str], body: Any, pulled: set[str]) -> Any:
    """Answer as Ollama does."""
    if unknown := set(body) - OLLAMA_FIELDS[path]:
        raise OllamaRefused(400, f"unknown fields: {sorted(unknown)}")
    model = body["model"]
    if path == "/api/pull":
        return pull(model, pulled)
    if model.startswith("absent") and model not in pulled:
        raise OllamaRefused(404, f'model "{model}" not found, try pulling it first')
    word = common(model.removeprefix("do/"), headers)
    if path == "/api/embed":
        if any(len(text) > 8_000 for text in body["input"]) and body.get("truncate") is False:
            raise OllamaRefused(400, "the input length exceeds the context length")
        size = body.get("dimensions", VECTOR)
        vectors = [[float(len(text))] * size for text in body["input"]]
        return {"model": model, "embeddings": vectors, "prompt_eval_count": 3 * len(vectors)}
    last = body["messages"][-1]
    # Ollama is told no type; it looks for itself.
    text = last["content"] + "".join(seen("image", one) for one in last.get("images", ()))
    return {
        "model": model,
        "created_at": "2030-01-01T00:00:00.000000Z",
        "message": {"role": "assistant", "content": text},
        "done": True,
        "done_reason": "length" if word == "cut" else "stop",
        "prompt_eval_count": 6,
        "eval_count": 2,
        "total_duration": 1,
    }


def pull(model: str, pulled: set[str]) -> bytes:
    """Lines of news."""
    news: list[dict[str, Any]] = [{"status": "pulling manifest"}]
    if model == "absent-for-good":
        news.append({"error": "pull model manifest: file does not exist"})
    else:
        digest = {"status": "pulling 970aa74c0a90", "digest": "sha256:970aa74c0a90", "total": 200}
        news += [{**digest, "completed": done} for done in (0, 30, 110, 200)]
        news.append({"status": "success"})
        if model != "absent-slow":
            pulled.add(model)
    lines = "".join(json.dumps(one) + "\n" for one in news).encode()
    if model == "absent-slow":
        head = b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n"
        raise Misbehave(head + lines[:100], "hang")
    return lines
