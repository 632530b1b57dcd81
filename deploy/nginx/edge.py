"""Fill in the edge's configuration and say how nginx is started with it, where no container does.

The templates are the ones that the image's entry point fills in: `${EDGE_…}` is replaced, nginx's
own variables are left alone. A word that nobody gives is an error.
"""

import argparse
import os
import re
import resource
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TEMPLATES = Path(__file__).parent
OPEN_FILES = 65536
_WORD = re.compile(r"\$\{(EDGE_[A-Z0-9_]+)\}")


@dataclass(frozen=True)
class Edge:
    """Where it listens and whom it asks; `run` is a folder of its own, which must be there.

    With a certificate and its key it speaks TLS at `tls_listen`, and `listen` sends on to it.
    """

    run: Path
    listen: str
    api: Sequence[str]
    access_log: str = "/dev/stdout"
    max_upload: str = "513m"
    tls_listen: str = ""
    certificate: Path | None = None
    key: Path | None = None

    def words(self) -> dict[str, str]:
        """What the templates ask for. Raises `ValueError` unless there are three API servers."""
        if len(self.api) != 3:
            raise ValueError(f"the edge knows three API servers, not {len(self.api)}")
        return {
            "EDGE_RUN": str(self.run),
            "EDGE_MODE": "tls" if self.certificate else "plain",
            "EDGE_LISTEN": self.listen,
            "EDGE_ACCESS_LOG": self.access_log,
            "EDGE_MAX_UPLOAD": self.max_upload,
            "EDGE_OPEN_FILES": str(open_files()),
            "EDGE_TLS_LISTEN": self.tls_listen,
            "EDGE_TLS_CERTIFICATE": str(self.certificate or ""),
            "EDGE_TLS_KEY": str(self.key or ""),
            **{f"EDGE_API_{n}": address for n, address in enumerate(self.api, 1)},
        }

    def write(self) -> Path:
        """Write the configuration into `run`; the path of its first file."""
        words = self.words()
        for template in TEMPLATES.glob("*.template"):
            (self.run / template.stem).write_text(filled(template.read_text(), words))
        return self.run / "nginx.conf"

    def command(self) -> list[str]:
        """How to start it in the foreground; stops on SIGQUIT after the last answer, on SIGTERM at
        once, and reads its configuration again on SIGHUP."""
        # Started as root it would give its rights up, and with them those to a private `run`.
        user = "user root; " if os.geteuid() == 0 else ""
        conf = str(self.run / "nginx.conf")
        return [program(), "-e", "stderr", "-c", conf, "-g", f"{user}daemon off;"]


def open_files() -> int:
    """As many as `OPEN_FILES`, or what this process may have: more is refused."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)


def program() -> str:
    """Where nginx is. Debian puts it where not everybody's PATH leads."""
    return shutil.which("nginx") or "/usr/sbin/nginx"


def filled(text: str, words: Mapping[str, str]) -> str:
    """`text` with each `${EDGE_…}` replaced; raises `KeyError` for one that is not in `words`."""
    return _WORD.sub(lambda found: words[found[1]], text)


def main() -> None:
    """Write the configuration and become nginx."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="an empty folder of its own")
    parser.add_argument("--listen", default="127.0.0.1:8080")
    parser.add_argument("--api", action="append", required=True, help="host:port, three times")
    options = parser.parse_args()
    options.run.mkdir(parents=True, exist_ok=True)
    edge = Edge(run=options.run.resolve(), listen=options.listen, api=options.api)
    edge.write()
    command = edge.command()
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
