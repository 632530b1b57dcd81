"""An API key as text: `hlg_`, 32 random bytes in base 62, and their checksum.

The key is shown once. What is stored is its SHA-256: against guessing 256 random bits a slow hash
adds nothing. The prefix lets scanners of source code find keys; the checksum tells a mistyped key,
or noise, from one that is worth a look into the database.
"""

import hashlib
import re
import zlib
from collections.abc import Callable

PREFIX = "hlg_"
# What a list shows of a key, so that its owner knows it again.
SHOWN = 10

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_BYTES = 32
_SECRET_CHARACTERS = 43
_CHECK_CHARACTERS = 6
_KEY = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_SECRET_CHARACTERS + _CHECK_CHARACTERS}}}")
# One that stands somewhere in a text, such as an address.
ANYWHERE = re.compile(rf"{PREFIX}[0-9A-Za-z]{{20,}}")


def make_key(random_bytes: Callable[[int], bytes]) -> str:
    """A new key; `random_bytes` must be cryptographic, such as `secrets.token_bytes`."""
    secret = _in_base62(int.from_bytes(random_bytes(_SECRET_BYTES)), _SECRET_CHARACTERS)
    return f"{PREFIX}{secret}{_check(secret)}"


def is_key(text: str) -> bool:
    """Whether `text` is written as a key is, checksum included."""
    if not _KEY.fullmatch(text):
        return False
    secret = text[len(PREFIX) : -_CHECK_CHARACTERS]
    return text.endswith(_check(secret))


def digest_of(key: str) -> bytes:
    """What is stored of a key."""
    return hashlib.sha256(key.encode()).digest()


def _check(secret: str) -> str:
    return _in_base62(zlib.crc32(secret.encode()), _CHECK_CHARACTERS)


def _in_base62(number: int, characters: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits.rjust(characters, "0")
