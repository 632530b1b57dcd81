"""`make pictures`: the pictures of docs/console.md, of a real system that is started for them.

First a fresh system, for what is empty; then jobs of every state and look, and the demo's documents
through to their results. Needs Debian's `chromium` and the `demo` extra; takes about two minutes.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from haulage.cli.demo_material import essay, examples_folder, local_report, make_novel, make_scan
from haulage.runtime.stack import Stack, StackOptions

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images" / "console"
TOOLS = ROOT / "console" / "tools"
MOST_BYTES = 120_000
ENDED_WITHIN_S = 300

sys.path.insert(0, str(TOOLS))
import seed as seeds  # noqa: E402

EMPTY = ("overview-empty@/", "dead-letters-empty@dead-letters")
# A name, where it is, and perhaps the button to press first.
PAGES = (
    "overview@/",
    "jobs@jobs",
    "submit@submit?type=summarize_text",
    "dead-letters@dead-letters",
    "schedules@schedules",
    "schedule-form@schedules@New schedule",
    "queues@queues",
    "workers@workers",
    "limits@limits",
    "limits-form@limits@Edit openai",
    "webhooks@webhooks",
    "credits@credits",
    "keys@keys",
    "audit@audit",
)
JOBS = ("running", "family", "failed", "paused")
RESULTS = ("newspaper", "novel", "summary", "people", "embedding")
DARK = ("overview@/", "jobs@jobs")
PHONE = ("overview@/", "jobs@jobs")


def main() -> int:
    """1 when a page complained, or a picture is too large."""
    with tempfile.TemporaryDirectory(prefix="haulage-pictures-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL's own user may enter
        options = StackOptions(
            data=folder / "data",
            cpu_processes=2,
            handlers=("lively_handlers",),
            auth=True,
            environment={"PYTHONPATH": str(TOOLS)},
        )
        with Stack(options) as stack:
            assert stack.ready is not None
            assert stack.ready.key is not None
            shots = Shots(stack.ready.url, stack.ready.key, folder / "shots")
            shots.take(EMPTY)
            made = fill(stack.ready.url, stack.ready.key)
            shots.take(PAGES)
            shots.take(f"job-{one}@jobs/{made[one]}" for one in JOBS)
            shots.take(f"result-{one}@jobs/{made[one]}" for one in RESULTS)
            shots.take((*DARK, f"job-running@jobs/{made['running']}"), scheme="dark")
            shots.take((*PHONE, f"job-running@jobs/{made['running']}"), width=390)
        too_large = save(folder / "shots")
    for line in (*shots.complaints, *too_large):
        sys.stderr.write(f"{line}\n")
    return 1 if shots.complaints or too_large else 0


class Shots:
    """Takes pictures of one system's pages, as PNG."""

    def __init__(self, url: str, key: str, folder: Path) -> None:
        self._words = [url, str(folder), "--key", key]
        self.complaints: list[str] = []

    def take(self, pages: Any, *, scheme: str = "light", width: int = 1280) -> None:
        """What a page complained of is kept."""
        scale = "2" if width < 600 else "1.5"
        looks = ["--schemes", scheme, "--widths", str(width), "--scale", scale, "--wait", "1500"]
        command = [sys.executable, str(ROOT / "tools" / "console.py"), "node", "tools/shot.mjs"]
        ended = subprocess.run(
            [*command, *self._words, *pages, *looks],
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            self.complaints += (ended.stdout + ended.stderr).splitlines()


def fill(url: str, key: str) -> dict[str, str]:
    """Fill the system; ids by name, of jobs that look as they are called."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(
        base_url=f"{url}/api/v1", headers=headers, trust_env=False, timeout=60
    ) as http:
        seeds.account(http)
        documents = _documents(http)
        deadline = time.monotonic() + ENDED_WITHIN_S
        while any(not _ended(http, job) for job in documents.values()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the documents have not ended within {ENDED_WITHIN_S} s")
            time.sleep(0.5)
        made = {**seeds.seed(http), **documents}
        while not all(_ended(http, made[one]) for one in ("family", "embedding", "failed")):
            if time.monotonic() > deadline:
                raise TimeoutError("the jobs have not ended")
            time.sleep(0.5)
    return made


def _documents(http: httpx.Client) -> dict[str, str]:
    examples = examples_folder()

    def upload(name: str, content: bytes) -> str:
        answer = http.post("/files", files={"file": (name, content)})
        return str(answer.raise_for_status().json()["id"])

    def submit(type_name: str, given: dict[str, Any]) -> str:
        body = {"type": type_name, "input": given, "tags": ["demo"]}
        return str(http.post("/jobs", json=body).raise_for_status().json()["id"])

    novel = upload("novel.pdf", make_novel(examples, 4))
    page = upload("giornale_1950-05-12_p1.jpg", make_scan(examples, 150))
    return {
        "novel": submit("rewrite_novel", {"file": novel, "sentence_length_limit": 12}),
        "newspaper": submit("extract_newspaper", {"files": [page]}),
        "summary": submit("summarize_text", {"text": essay(examples)}),
        "people": submit("identifying_data", {"text": local_report(examples)}),
    }


def _ended(http: httpx.Client, job: str) -> bool:
    found = http.get(f"/jobs/{job}").raise_for_status().json()
    return bool(found["finished_at"])


def save(shots: Path) -> list[str]:
    """The pictures as WebP, small; what is too large is named."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    too_large = []
    for shot in sorted(shots.glob("*.png")):
        name = shot.stem.removesuffix("-light-1280").replace("-dark-1280", "-dark")
        target = IMAGES / f"{name.replace('-light-390', '-phone')}.webp"
        with Image.open(shot) as picture:
            for quality in (82, 65, 50, 40):
                picture.convert("RGB").save(target, "WEBP", quality=quality, method=6)
                if target.stat().st_size <= MOST_BYTES:
                    break
        if target.stat().st_size > MOST_BYTES:
            too_large.append(f"{target.name} has {target.stat().st_size:,} bytes")
    return too_large


if __name__ == "__main__":
    sys.exit(main())
