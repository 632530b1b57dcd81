"""Payloads sealed in their rows: who has the database or the blob store alone reads none of them.

Without keys nothing is sealed, and this costs nothing. With keys, what is written is sealed by the
first one and what is read is opened by that which sealed it; text that was stored plain is read as
it is. Where sealing is being switched off, keys open and nothing is sealed.

Sealing is AES-256-SIV (RFC 5297), authenticated, with a salt of its own for each text, so that
equal texts do not look equal. What is written a second time after a lost answer must be the same,
so its salt is made of what it is written `under`, a lease, and of the text itself.

A sealed text is a JSON object, because it lies in columns of JSON: `{"haulage:sealed":"…"}` with
the key's id, the salt and the rest. It may lie inside another, such as the error in an event. A
text that somebody made up to look like one is stored in other letters that mean the same JSON.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from haulage.domain.errors import HaulageError
from haulage.storage.json_text import dumps, loads

MARK = "haulage:sealed"
SALT_BYTES = 16
_ID_CHARS = 8
_BEGINS = f'{{"{MARK}":'
# The same key to whoever reads JSON, and no mark to us.
_MADE_UP = _BEGINS.replace("haulage:", "haulage\\u003a")
# Some write JSON with a space there.
_SEALED = re.compile(
    re.escape(_BEGINS) + rf' ?"([0-9a-f]{{{_ID_CHARS}}})\.([A-Za-z0-9_-]+)"' + re.escape("}")
)


class Unopened(HaulageError):
    """A payload that no key of ours opens: its key is missing, or somebody has changed it."""

    code = "payload_unreadable"


class KeyMissing(Unopened):
    """It was sealed by a key that this process has not; another may have it, as in the middle of a
    rotation."""

    code = "payload_key_missing"


@dataclass(frozen=True, slots=True)
class _Key:
    id: str
    cipher: AESSIV
    salting: bytes


class Sealer:
    """Seals and opens JSON texts. `keys` are 32 bytes each in URL-safe base64, the newest first;
    with `writes_plain` they only open."""

    def __init__(self, keys: Sequence[str] = (), *, writes_plain: bool = False) -> None:
        made = [_derived(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))) for key in keys]
        self._newest = made[0] if made and not writes_plain else None
        self._by_id = {key.id: key for key in reversed(made)}

    @property
    def is_on(self) -> bool:
        """Whether what is written is sealed."""
        return self._newest is not None

    def seal(self, text: str, *, under: str | None = None) -> str:
        """`text` as it may be stored. Under the same words the same text comes out the same."""
        key = self._newest
        if key is None:
            return text.replace(_BEGINS, _MADE_UP) if _BEGINS in text else text
        plain = text.encode()
        salt = (
            secrets.token_bytes(SALT_BYTES)
            if under is None
            else hmac.digest(key.salting, under.encode() + b"\x00" + plain, "sha256")[:SALT_BYTES]
        )
        # It refuses to seal nothing at all.
        sealed = salt + key.cipher.encrypt(plain + b" ", [salt])
        return f'{_BEGINS}"{key.id}.{base64.urlsafe_b64encode(sealed).decode().rstrip("=")}"}}'

    def open(self, text: str) -> str:
        """The inverse, for `text` itself and for what is sealed within it; raises `Unopened`."""
        return _SEALED.sub(self._opened, text) if _BEGINS in text else text

    def is_sealed(self, text: str) -> bool:
        """Whether `text` as a whole is."""
        return text.startswith(_BEGINS) and _SEALED.fullmatch(text) is not None

    def renew(self, text: str) -> str:
        """`text` with all that is sealed in it as it would be written now: by the newest key, or
        plain; the same if it is."""
        newest = self._newest
        if _BEGINS not in text:
            return text
        if newest is None:
            return self.seal(self.open(text))
        return _SEALED.sub(
            lambda found: found[0] if found[1] == newest.id else self.seal(self._opened(found)),
            text,
        )

    def _opened(self, found: re.Match[str]) -> str:
        key = self._by_id.get(found[1])
        if key is None:
            raise KeyMissing(
                f"A payload is sealed by the key {found[1]}, which HAULAGE_PAYLOAD_KEYS of this "
                "process has not. Give it to every process before one seals by it."
            )
        sealed = base64.urlsafe_b64decode(found[2] + "=" * (-len(found[2]) % 4))
        salt, rest = sealed[:SALT_BYTES], sealed[SALT_BYTES:]
        try:
            return key.cipher.decrypt(rest, [salt])[:-1].decode()
        except (InvalidTag, ValueError) as error:
            raise Unopened(f"A payload sealed by the key {found[1]} was changed.") from error


PLAIN = Sealer()


def opened_value(value: Any, sealer: Sealer) -> Any:
    """A value that was read as JSON, such as an error: opened where it is sealed as a whole."""
    if isinstance(value, dict) and MARK in value:
        return loads(sealer.open(dumps(value)))
    return value


def _derived(secret: bytes) -> _Key:
    """What seals, what salts and the id, each of its own; nobody learns one from another."""

    def part(purpose: bytes, length: int) -> bytes:
        return HKDF(SHA512(), length, salt=None, info=b"haulage payload " + purpose).derive(secret)

    return _Key(
        id=hashlib.sha256(part(b"id", 32)).hexdigest()[:_ID_CHARS],
        cipher=AESSIV(part(b"sealing", 64)),
        salting=part(b"salting", 32),
    )
