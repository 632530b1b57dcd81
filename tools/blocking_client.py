"""`python tools/blocking_client.py`: write the client's blocking face from its awaited one.

The client is written once, awaited. What its blocking face does differently is words: no `await`,
other names of the same things. A test holds the two together.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CLIENT = ROOT / "haulage" / "client"
RUFF = [sys.executable, "-m", "ruff"]
SOURCE, TARGET = CLIENT / "awaiting", CLIENT / "blocking"
MARK = (
    "# Made by tools/blocking_client.py from haulage/client/awaiting/{name}: change that one.\n\n"
)
# What reads otherwise without an await in it.
IDIOM = ["check", "--fix-only", "--unsafe-fixes", "--select", "I,SIM117,UP028"]

WORDS = {
    r"async (def|for|with)": r"\1",
    r"await ": "",
    r"asynccontextmanager": "contextmanager",
    r"__a(enter|exit)__": r"__\1__",
    r"a(iter_bytes|read|close)\(": r"\1(",
    r"import asyncio": "import time",
    r"asyncio\.sleep": "time.sleep",
    r"haulage\.client\.awaiting": "haulage.client.blocking",
    r"Async([A-Z]\w*)": r"\1",
    r"Awaiting([A-Z]\w*)": r"Blocking\1",
    r"on the running asyncio loop": "in the calling thread",
    r"The client, awaited": "The client, blocking",
    r"Any number of tasks of one loop may share it": "One thread at a time may use it",
}


def faces() -> dict[str, str]:
    """Every file of the blocking face by its name, as it should be."""
    return {path.name: blocking(path) for path in sorted(SOURCE.glob("*.py"))}


def blocking(path: Path) -> str:
    """One file's blocking twin, in the house's form."""
    text = path.read_text()
    for pattern, word in WORDS.items():
        text = re.sub(rf"\b(?:{pattern})", word, text)
    text = MARK.format(name=path.name) + text
    for command in (IDIOM, ["format"]):
        text = subprocess.run(
            [*RUFF, *command, "--quiet", "--stdin-filename", str(TARGET / path.name), "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        ).stdout
    return text


if __name__ == "__main__":
    for name, text in faces().items():
        (TARGET / name).write_text(text)
