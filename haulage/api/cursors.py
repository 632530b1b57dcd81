"""Cursors of job lists: opaque, and good for the filters they were made with only."""

import base64
import binascii
import hashlib
from uuid import UUID

from haulage.domain.errors import InvalidCursor
from haulage.storage.job_reads import JobFilter
from haulage.storage.json_text import canonical

_VERSION = b"\x01"
_DIGEST_BYTES = 8
_LENGTH = len(_VERSION) + 16 + _DIGEST_BYTES


def encode(last: UUID, wanted: JobFilter, *, tenant: str) -> str:
    """The cursor of the page that follows the job `last`."""
    packed = _VERSION + last.bytes + _digest(wanted, tenant)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode(cursor: str, wanted: JobFilter, *, tenant: str) -> UUID:
    """The job before the page; raises `InvalidCursor`."""
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        packed = b""
    if len(packed) != _LENGTH or not packed.startswith(_VERSION):
        raise InvalidCursor("The cursor is not one that this API made.")
    if packed[-_DIGEST_BYTES:] != _digest(wanted, tenant):
        raise InvalidCursor("The cursor belongs to other filters. Start again without it.")
    return UUID(bytes=packed[len(_VERSION) : -_DIGEST_BYTES])


def _digest(wanted: JobFilter, tenant: str) -> bytes:
    text = canonical(
        [
            tenant,
            sorted(wanted.states),
            sorted(wanted.types),
            sorted(wanted.queues),
            sorted(wanted.tags),
            wanted.created_after and wanted.created_after.timestamp(),
            wanted.created_before and wanted.created_before.timestamp(),
        ]
    )
    return hashlib.blake2s(text.encode(), digest_size=_DIGEST_BYTES).digest()
