"""Asks a server of ours whether it answers."""

import http.client
import ipaddress
from dataclasses import dataclass


@dataclass(frozen=True)
class HttpProbe:
    """`GET path` on a server of this machine."""

    host: str
    port: int
    path: str

    def __call__(self) -> bool:
        """Whether it answers 200 now."""
        return self.ask()[0] == 200

    def ask(self) -> tuple[int, str]:
        """The status and the body's text; (0, "") when nothing answers within a second or two."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=2)
        try:
            connection.request("GET", self.path)
            response = connection.getresponse()
            return response.status, response.read(10_000).decode(errors="replace")
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
