"""Signatures as Standard Webhooks 1.0 has them: `v1`, HMAC-SHA256 over id, time and body.

    webhook-id: 8e03978e-40d5-43e8-bc93-6894a57f9324
    webhook-timestamp: 1893499200
    webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=

With several secrets there is a signature by each, so that a receiver may know either.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

PREFIX = "whsec_"
_BYTES = 32


def new_secret() -> str:
    """A fresh secret in the form that receivers' libraries take."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def signed_headers(body: bytes, *, id: str, at: datetime, secrets: Iterable[str]) -> dict[str, str]:
    """The three headers. `at` is when it is sent: receivers refuse what is minutes old."""
    timestamp = str(int(at.timestamp()))
    content = f"{id}.{timestamp}.".encode() + body
    return {
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{_signature(content, one)}" for one in secrets),
    }


def _signature(content: bytes, secret: str) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
