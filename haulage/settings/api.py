"""Settings of the HTTP face."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field
from pydantic_settings import NoDecode

Network = IPv4Network | IPv6Network


def _networks(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())


class ApiSettings(BaseModel):
    """Limits of the HTTP face."""

    max_body_bytes: int = Field(default=10 * 1024 * 1024, ge=1024)
    max_file_bytes: int = Field(default=512 * 1024 * 1024, ge=1024)
    max_batch: int = Field(default=1000, ge=1)
    page_size: int = Field(default=50, ge=1, le=500)
    event_poll_s: float = Field(default=1.0, gt=0)
    body_silence_s: float = Field(default=30.0, gt=0)
    late_s: float = Field(default=5.0, gt=0)
    max_wait_s: int = Field(default=60, ge=0)
    root_path: str = Field(default="", pattern=r"^(/[A-Za-z0-9._~-]+)*$")
    trace_url: str | None = Field(default=None, pattern=r"^https?://\S*\{trace_id\}\S*$")
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)] = ()
    broker_down: Literal["accept", "refuse"] = "accept"
