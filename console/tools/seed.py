"""Fills a running system with jobs of every state and look, for pictures and for trying things out.

    PYTHONPATH=console/tools haulage up --handlers lively_handlers
    python console/tools/seed.py http://127.0.0.1:8700 [--key hlg_…]

Prints the ids of jobs worth looking at. Running it again adds more.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import httpx

TEXT = (Path(__file__).parents[2] / "examples" / "harbour.txt").read_text()
FAILURES = (
    "The provider answered 503.",
    "Page 17 of scan.pdf holds no text.",
    "The model's answer is no JSON: unexpected end after 4096 tokens.",
)


def main() -> None:
    """Submit everything; the ids of the interesting ones go to stdout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--key")
    options = parser.parse_args()
    headers = {"Authorization": f"Bearer {options.key}"} if options.key else {}
    with httpx.Client(
        base_url=f"{options.url}/api/v1", headers=headers, trust_env=False, timeout=30
    ) as http:
        print(json.dumps(seed(http), indent=2))


def seed(http: httpx.Client) -> dict[str, str]:
    """What was made, by name."""

    def post(path: str, body: object = None) -> dict[str, Any]:
        return send(http, "POST", path, body)

    def submit(type: str, input: object, **more: object) -> str:
        return str(post("/jobs", {"type": type, "input": input, **more})["id"])

    for number in range(60):
        submit(
            "echo", {"value": {"number": number}}, priority=("high", "normal", "low")[number % 3]
        )

    made = {
        "running": submit(
            "demo.pages", {"pages": 400, "seconds_each": 1.5}, tags=["nightly", "books"]
        ),
        "quick": submit("demo.pages", {"pages": 5, "seconds_each": 0.1}, tags=["books"]),
        "long log": submit("demo.pages", {"pages": 3, "lines": 10_000}, tags=["books"]),
        "family": submit("demo.family", {"pages": 4, "seconds_each": 0.8}),
        "family at work": submit("demo.family", {"pages": 3, "seconds_each": 60}),
        "scheduled": submit("echo", {"value": 1}, run_at="2027-01-01T08:00:00Z", tags=["new-year"]),
        "summary": submit("summarize_text", {"text": TEXT}, tags=["harbour"]),
        "people": submit("extract_summary", {"text": TEXT}, tags=["harbour"]),
        "embedding": submit("text_embedding", {"texts": [TEXT[:400]]}, tags=["harbour"]),
    }
    for number in range(30):
        why = FAILURES[number % 3]
        made["failed"] = submit(
            "demo.fails", {"why": why}, tags=["import", f"batch-{number // 10}"]
        )
    made["retrying"] = submit("demo.fails", {"why": FAILURES[0], "retryable": True})
    made["cancelled"] = submit("demo.pages", {"pages": 100})
    post(f"/jobs/{made['cancelled']}/cancel")
    post("/queues/cpu/pause", {"reason": "New model weights are being copied"})
    made["paused"] = submit("crunch", {"seconds": 3}, tags=["waits"])
    schedule = {"type": "echo", "input": {"value": 1}, "timezone": "Europe/Rome"}
    post("/schedules", {"name": "morning-report", "cron": "30 6 * * 1-5", **schedule})
    post("/schedules", {"name": "every-five-minutes", "cron": "*/5 * * * *", **schedule})
    post("/webhooks", {"name": "orders", "url": "https://example.org/hooks"})
    return made


def account(http: httpx.Client) -> None:
    """Keys, credits and limits: what an installation has in which callers are known."""
    send(http, "POST", "/credits/grants", {"amount": 5_000, "note": "Invoice 2026-114"})
    for name, scopes in (
        ("web shop", ["read", "submit"]),
        ("nightly import", ["read", "submit", "operate"]),
        ("wall screen", ["read"]),
    ):
        send(http, "POST", "/keys", {"name": name, "scopes": scopes})
    limits = {
        "requests_per_minute": 60,
        "tokens_per_minute": {"amount": 90_000, "strategy": "bucket", "burst": 30_000},
        "requests_per_day": 2_000,
        "concurrency": 8,
        "per_tenant": {"requests_per_hour": 300},
        "tenants": {"acme": {"requests_per_hour": 900}},
    }
    send(http, "PUT", "/limits/openai", limits)


def send(http: httpx.Client, method: str, path: str, body: object = None) -> dict[str, Any]:
    """The answer; what is there already is as good."""
    answer = http.request(method, path, json=body)
    if answer.status_code not in (200, 201, 202, 409):
        raise SystemExit(f"{path}: {answer.status_code} {answer.text}")
    return dict(answer.json())


if __name__ == "__main__":
    main()
