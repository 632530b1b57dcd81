"""One way to write where a server is, whoever connects: redis-py, kombu and py-amqp each spell TLS,
Sentinel and several hosts in their own way, so the URL is read here and told to each in its words.

    redis://:password@host:6379/0                       rediss:// for TLS
    sentinel://:password@one:26379,two:26379/0?service=name     sentinels:// for TLS
    amqp://user:password@host:5672/vhost                amqps:// for TLS

Promise: TLS checks the certificate and the host's name unless the URL says otherwise. A parameter
that nobody reads is a fault, because a misspelt `ssl_ca_certs` would be a check that is not made.
"""

import difflib
import ssl
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from haulage.settings import SettingsFault

REDIS, SENTINEL, AMQP = "redis", "sentinel", "amqp"
# Scheme: what it leads to, whether it is TLS, the port when none is said.
SCHEMES = {
    "redis": (REDIS, False, 6379),
    "rediss": (REDIS, True, 6379),
    "sentinel": (SENTINEL, False, 26379),
    "sentinels": (SENTINEL, True, 26379),
    "amqp": (AMQP, False, 5672),
    "amqps": (AMQP, True, 5671),
}
VERIFY = {
    "none": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}
TLS_PARAMETERS = {
    "ssl_ca_certs",
    "ssl_certfile",
    "ssl_keyfile",
    "ssl_cert_reqs",
    "ssl_check_hostname",
}
SENTINEL_PARAMETERS = {"service", "sentinel_username", "sentinel_password"}


@dataclass(frozen=True, slots=True)
class Tls:
    """How to check a server and how to introduce oneself; files are PEM."""

    ca_certs: str | None = None
    certfile: str | None = None
    keyfile: str | None = None
    cert_reqs: ssl.VerifyMode = ssl.CERT_REQUIRED
    check_hostname: bool = True

    def for_redis(self) -> dict[str, Any]:
        """Keyword arguments of redis-py's TLS connections; kombu's Redis takes the same."""
        return {f"ssl_{field.name}": getattr(self, field.name) for field in fields(self)}

    def for_amqp(self) -> dict[str, Any]:
        """What py-amqp wraps its socket with."""
        words: dict[str, Any] = {"cert_reqs": self.cert_reqs}
        for name in ("ca_certs", "certfile", "keyfile"):
            if getattr(self, name):
                words[name] = getattr(self, name)
        if self.check_hostname and self.cert_reqs != ssl.CERT_NONE:
            # None: kombu fills in the host it connects to, and py-amqp then checks it.
            words["server_hostname"] = None
        return words


@dataclass(frozen=True, slots=True)
class Address:
    """A server, or several of which one will do. `kind` is `redis`, `sentinel` or `amqp`."""

    kind: str
    scheme: str
    hosts: tuple[tuple[str, int], ...]
    username: str | None
    password: str | None
    path: str
    tls: Tls | None
    service: str | None = None
    sentinel_username: str | None = None
    sentinel_password: str | None = None

    @property
    def database(self) -> int:
        """The number of the Redis database."""
        return int(self.path or 0)

    @property
    def shown(self) -> str:
        """Where it is, without secrets."""
        hosts = ",".join(f"{_bracketed(host)}:{port}" for host, port in self.hosts)
        return f"{self.scheme}://{hosts}/{self.path}"

    def redis_options(self) -> dict[str, Any]:
        """How to get into the Redis itself, wherever Sentinel says that it is."""
        options: dict[str, Any] = {
            "username": self.username,
            "password": self.password,
            "db": self.database,
        }
        return {**options, "ssl": True, **self.tls.for_redis()} if self.tls else options

    def sentinel_options(self) -> dict[str, Any]:
        """How to get into the Sentinels."""
        options = {"username": self.sentinel_username, "password": self.sentinel_password}
        return {**options, "ssl": True, **self.tls.for_redis()} if self.tls else options

    def celery_url(self) -> str:
        """For `broker_url`: no parameters, and only AMQP with all its hosts."""
        who = ""
        if self.username or self.password:
            who = f"{quote(self.username or '', safe='')}:{quote(self.password or '', safe='')}@"
        hosts = self.hosts if self.kind == AMQP else self.hosts[:1]
        return ";".join(
            f"{self.scheme}://{who}{_bracketed(host)}:{port}/{quote(self.path, safe='')}"
            for host, port in hosts
        )


def read(url: str, *, variable: str = "HAULAGE_REDIS_URL") -> Address:
    """What a URL says; raises `SettingsFault`, which names no secrets."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise SettingsFault(f"{variable} begins with {parts.scheme}://; it may be {known}.")
    kind, encrypted, port = SCHEMES[parts.scheme]
    said = dict(parse_qsl(parts.query, keep_blank_values=True))
    _refuse_unread(said, kind, encrypted, variable)
    who, _, where = parts.netloc.rpartition("@")
    username, _, password = who.partition(":")
    hosts = tuple(_host(one, port, variable) for one in where.split(","))
    path = unquote(parts.path.removeprefix("/"))
    if kind != AMQP and path and not path.isdigit():
        raise SettingsFault(f"{variable} ends in /{path}, which is no Redis database.")
    if kind == REDIS and len(hosts) > 1:
        raise SettingsFault(f"{variable} names several hosts; only sentinel:// and amqp:// may.")
    if kind == SENTINEL and not said.get("service"):
        raise SettingsFault(
            f"{variable} does not say which service the Sentinels watch: add ?service=NAME."
        )
    return Address(
        kind=kind,
        scheme=parts.scheme,
        hosts=hosts,
        username=unquote(username) or None,
        password=unquote(password) or None,
        path=path,
        tls=_tls(said, variable) if encrypted else None,
        service=said.get("service"),
        sentinel_username=said.get("sentinel_username") or None,
        sentinel_password=said.get("sentinel_password") or None,
    )


def _refuse_unread(said: dict[str, str], kind: str, encrypted: bool, variable: str) -> None:
    known = (TLS_PARAMETERS if encrypted else set()) | (
        SENTINEL_PARAMETERS if kind == SENTINEL else set()
    )
    for name in sorted(set(said) - known):
        nearest = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {nearest[0]}?" if nearest else ""
        if name in TLS_PARAMETERS:
            hint = " It needs a scheme with TLS, such as rediss://."
        raise SettingsFault(f"{variable} has the parameter {name}, which nobody reads.{hint}")


def _tls(said: dict[str, str], variable: str) -> Tls:
    wanted = said.get("ssl_cert_reqs", "required").lower().removeprefix("cert_")
    if wanted not in VERIFY:
        raise SettingsFault(
            f"{variable}: ssl_cert_reqs is {wanted!r}; it may be {', '.join(VERIFY)}."
        )
    return Tls(
        ca_certs=said.get("ssl_ca_certs") or None,
        certfile=said.get("ssl_certfile") or None,
        keyfile=said.get("ssl_keyfile") or None,
        cert_reqs=VERIFY[wanted],
        check_hostname=wanted != "none"
        and said.get("ssl_check_hostname", "true").lower() not in ("false", "0", "no"),
    )


def _host(written: str, port: int, variable: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{written}")
        return parts.hostname or "127.0.0.1", parts.port or port
    except ValueError as error:
        raise SettingsFault(f"{variable}: {written!r} is not host:port.") from error


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
