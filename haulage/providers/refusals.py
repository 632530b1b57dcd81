"""What a provider's refusal means: status, headers and body of OpenAI, OpenRouter, Gemini, Ollama.

Row B7: 5xx, 408 and 429 are worth another try, other 4xx are not. `Retry-After` is honoured in all
its forms and bounded: a provider that asks for a year gets a day.
"""

import json
import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from haulage.domain.errors import JobError
from haulage.domain.provider_errors import (
    InputTooLong,
    KeyRefused,
    ProviderRefused,
    ProviderUnavailable,
    QuotaSpent,
    RateLimited,
    UnsupportedModel,
)
from haulage.providers.keys import Key

MAX_RETRY_AFTER_S = 86_400.0
MAX_SAID_CHARS = 300
SPENT = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
NO_MODEL = re.compile(
    r"model_not_found|not a valid model|model .{0,80}(not found|does not exist)|unknown model", re.I
)
TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context length"
    r"|exceeds the (available )?(context|maximum number of tokens)",
    re.I,
)
BAD_KEY = re.compile(r"API_KEY_INVALID|invalid_api_key|PERMISSION_DENIED")
# Statuses by name, of answers that say 200 and then carry an error.
NAMED = {
    "rate_limit_exceeded": 429,
    "RESOURCE_EXHAUSTED": 429,
    "insufficient_quota": 429,
    "invalid_api_key": 401,
    "UNAUTHENTICATED": 401,
    "invalid_request_error": 400,
    "INVALID_ARGUMENT": 400,
    "model_not_found": 404,
    "NOT_FOUND": 404,
}


def error_of(
    name: str, status: int, headers: Mapping[str, str], content: bytes, key: Key
) -> JobError:
    """The error of ours that an answer means; `status` 200 with an error in it included."""
    problem = _problem(content)
    said = key.blot(_said(problem))
    if status == 200:
        status = _status_within(problem)
    what = f"{name} answered {status}" + (f": {said}" if said else "") + "."
    marks = json.dumps(problem)
    after_s = retry_after_s(headers, problem)
    if status == 402 or (status == 429 and SPENT & _names(problem)):
        return QuotaSpent(f"{what} Add credit to the account, or name another model.")
    if status == 429:
        return RateLimited(what, retry_after_s=after_s)
    if status >= 500 or status == 408:
        return ProviderUnavailable(what, retry_after_s=after_s)
    if status == 401 or (status in (400, 403) and BAD_KEY.search(marks)):
        return KeyRefused(f"{what} Check the key that is set for {name}.")
    if status == 413 or (status == 400 and TOO_LONG.search(marks)):
        return InputTooLong(f"{what} Cut the text, or name a model with a larger context.")
    if status == 404 or (status == 400 and NO_MODEL.search(marks)):
        return UnsupportedModel(f"{what} Check the model's name and the base URL of {name}.")
    if 300 <= status < 400:
        return ProviderRefused(f"{what} Redirects are not followed: correct the base URL.")
    return ProviderRefused(what)


def retry_after_s(headers: Mapping[str, str], problem: Mapping[str, Any]) -> float | None:
    """Seconds to wait, as the provider says: `retry-after-ms`, `Retry-After` in seconds or as a
    date (against the answer's own `Date`), or Gemini's `retryDelay`."""
    found = _number(headers.get("retry-after-ms"))
    if found is not None:
        found /= 1000
    if found is None:
        found = _number(headers.get("retry-after"))
    if found is None:
        found = _until(headers.get("retry-after"), headers.get("date"))
    if found is None:
        for detail in problem.get("details") or ():
            if isinstance(detail, dict) and isinstance(detail.get("retryDelay"), str):
                found = _number(detail["retryDelay"].removesuffix("s"))
    if found is None:
        return None
    return min(max(found, 0.0), MAX_RETRY_AFTER_S)


def _problem(content: bytes) -> dict[str, Any]:
    """The error inside a body, as an object; empty where there is none to be found."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    if isinstance(body, list) and body:
        body = body[0]
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        return error
    return {"message": error} if isinstance(error, str) else {}


def _said(problem: Mapping[str, Any]) -> str:
    message = problem.get("message")
    text = " ".join(message.split()) if isinstance(message, str) else ""
    return text[:MAX_SAID_CHARS].rstrip(".")


def _names(problem: Mapping[str, Any]) -> set[str]:
    return {str(problem.get(field)) for field in ("code", "type", "status")}


def _status_within(problem: Mapping[str, Any]) -> int:
    code = problem.get("code")
    if isinstance(code, int) and 400 <= code < 600:
        return code
    return next((NAMED[name] for name in sorted(_names(problem)) if name in NAMED), 502)


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _until(moment: str | None, now: str | None) -> float | None:
    if moment is None or now is None:
        return None
    try:
        return (parsedate_to_datetime(moment) - parsedate_to_datetime(now)).total_seconds()
    except (ValueError, TypeError):
        return None
