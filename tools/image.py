"""Builds the image of deploy/ and tries it, as far as this machine can.

python tools/image.py build    build it; exit 1 when that fails, 3 when none can be built here
python tools/image.py try      build it and run tests/image; NOT BUILT and exit 0 where none can be
python tools/image.py measure  build it and run bench/image.py

By Docker where its daemon answers, else by Podman, which needs none. Where what the Dockerfile
starts from can't be pulled, a stand-in takes its name: the same release of Debian, with Debian's
own Python.
"""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = ROOT / "deploy" / "docker" / "Dockerfile"
IMAGE = "haulage:trial"
# What is done with it once it is built: modules of Python, and what they are told.
WORK = {
    "build": (),
    "try": ("pytest", "-p", "no:cacheprovider", "tests/image"),
    "measure": ("bench.image",),
}
NOT_POSSIBLE = 3
PULL_S = 120
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# Podman asks the kernel for more of both than a container here may have, unless it is told.
OPEN_FILES = 65536
PROCESSES = 8192
# What Debian's own Python needs to be as the official image's.
PACKAGES = ("ca-certificates", "netbase", "tzdata", "python3", "python3-venv")
# What pip, npm and apt say of a network that does not lead to their servers.
UNREACHABLE = re.compile(
    r"NewConnectionError|ConnectTimeoutError|ProxyError|Could not resolve|Temporary failure"
    r"|Failed to establish a new connection|Unable to connect"
    r"|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED"
)
INSTALL = "apt-get install -y --no-install-recommends podman runc catatonit mmdebstrap"

Ended = subprocess.CompletedProcess[str]


class NotPossible(Exception):
    """No image can be built or run on this machine; says why."""


def main(arguments: Sequence[str]) -> int:
    """The exit code of what was asked for."""
    if len(arguments) != 1 or arguments[0] not in WORK:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    work = WORK[arguments[0]]
    with tempfile.TemporaryDirectory(prefix="haulage-image-") as made:
        folder = Path(made)
        try:
            engine = Engine(folder)
            for base in bases():
                engine.provide(base)
            failed = engine.build()
        except NotPossible as lack:
            say(f"NOT BUILT, and not tried: {lack}")
            return 0 if arguments[0] == "try" else NOT_POSSIBLE
        return engine.work(work) if work and not failed else failed


class Engine:
    """What builds and runs images here. Raises `NotPossible` when nothing does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = dict(os.environ)
        if shutil.which("docker") and not ran(["docker", "info"], self._environment, 20).returncode:
            self.program = "docker"
        elif shutil.which("podman"):
            self.program = "podman"
            self._environment["CONTAINERS_CONF"] = str(podman_settings(folder))
        else:
            raise NotPossible(f"neither Docker nor Podman is here ({INSTALL})")

    def provide(self, base: str) -> None:
        """See to it that `base` is here and runs."""
        if self._run("image", "inspect", base).returncode:
            pulled = self._run("pull", "--quiet", base, timeout_s=PULL_S)
            if pulled.returncode:
                say(f"{base} can't be pulled: {last(pulled)}")
                self._stand_in(base)
        # As tests/image will run what is built on it.
        limits = ("--memory", "256m", "--pids-limit", "64", "--read-only", "--init")
        asked = self._run("run", "--rm", *limits, "--network", "none", base, "python", "--version")
        if asked.returncode:
            raise NotPossible(f"{self.program} runs no container here: {last(asked)}")
        if f"Python {minor(base)}." not in asked.stdout:
            raise NotPossible(f"{base} has {asked.stdout.strip()}")

    def _stand_in(self, base: str) -> None:
        """Debian's release of the base's name, under that name."""
        if not shutil.which("mmdebstrap"):
            raise NotPossible(f"no mmdebstrap to make a stand-in for {base} ({INSTALL})")
        suite = base.rpartition("-")[2]
        say(f"A stand-in for {base}: Debian {suite} with Debian's own Python.")
        archive = self._folder / "base.tar"
        command = [
            *("mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}"),
            "--dpkgopt=force-unsafe-io",
            # The official images keep nothing of what apt has looked up.
            '--aptopt=Dir::Cache::pkgcache "";',
            '--aptopt=Dir::Cache::srcpkgcache "";',
            '--aptopt=DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };',
            '--customize-hook=ln -s /usr/bin/python3 "$1/usr/local/bin/python"',
            *(suite, str(archive)),
        ]
        made = ran(command, self._environment, None)
        if made.returncode:
            raise NotPossible(f"mmdebstrap made no Debian {suite}: {last(made)}")
        imported = self._run("import", str(archive), base)
        archive.unlink()
        if imported.returncode:
            raise NotPossible(f"{self.program} took no stand-in: {last(imported)}")

    def build(self) -> int:
        """Build `IMAGE`; its exit code. Raises `NotPossible` where packages can't be fetched."""
        command = ["build", "--file", str(DOCKERFILE), "--tag", IMAGE]
        if self.program == "podman":
            # Nothing is mounted and no limit set: it builds where no container may run in another.
            command += ["--format", "docker", "--isolation", "chroot", "--layers", *self._trust()]
        unreachable = ""
        with subprocess.Popen(
            [self.program, *command, str(ROOT)],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as building:
            assert building.stdout is not None
            for line in building.stdout:
                sys.stdout.write(line)
                sys.stdout.flush()
                if UNREACHABLE.search(line):
                    unreachable = line.strip()
        if building.returncode and unreachable:
            raise NotPossible(f"a build here can't fetch packages: {unreachable}")
        return building.returncode

    def _trust(self) -> Iterator[str]:
        """Options by which a build believes whom this machine believes; nothing of it is kept."""
        if not CERTIFICATES.exists():
            return
        for inside, text in (
            ("/etc/pip.conf", f"[global]\ncert = {CERTIFICATES}\n"),
            (str(Path("~root/.npmrc").expanduser()), f"cafile={CERTIFICATES}\n"),
        ):
            outside = self._folder / Path(inside).name
            outside.write_text(text)
            yield from ("--volume", f"{outside}:{inside}:ro")
        yield from ("--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro")

    def work(self, words: Sequence[str]) -> int:
        """Run a module that uses what was built; its exit code."""
        told = {"HAULAGE_TEST_IMAGE": IMAGE, "HAULAGE_TEST_ENGINE": self.program}
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env={**self._environment, **told},
            check=False,
        ).returncode

    def _run(self, *arguments: str, timeout_s: float | None = None) -> Ended:
        return ran([self.program, *arguments], self._environment, timeout_s)


def bases() -> list[str]:
    """The images that the Dockerfile starts from."""
    return sorted(set(re.findall(r"^FROM (\S+)", DOCKERFILE.read_text(), re.M)))


def minor(base: str) -> str:
    """The version of Python in an image's name: 3.13 of python:3.13-slim-trixie."""
    return base.partition(":")[2].partition("-")[0]


def podman_settings(folder: Path) -> Path:
    """A file that Podman reads in place of the machine's own."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    limits = [f"nofile={files}:{files}", f"nproc={PROCESSES}:{PROCESSES}"]
    text = f"[containers]\ndefault_ulimits = {json.dumps(limits)}\n"
    # crun refuses machines that have both generations of control groups.
    if shutil.which("runc"):
        text += '[engine]\nruntime = "runc"\n'
    path = folder / "containers.conf"
    path.write_text(text)
    return path


def ran(command: Sequence[str], environment: dict[str, str], timeout_s: float | None) -> Ended:
    """What became of it; 124, as of timeout(1), when it took too long."""
    try:
        return subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, f"no answer in {timeout_s} s")


def last(ended: Ended) -> str:
    """The last thing it said."""
    return (ended.stdout.strip().splitlines() or ["nothing was said"])[-1]


def say(text: str) -> None:
    """A line for whoever reads along, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
