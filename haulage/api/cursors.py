"""Cursors of lists: opaque, and good for the list and the filters they were made with only."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

from haulage.domain.errors import InvalidCursor
from haulage.storage.job_filter import JobFilter
from haulage.storage.json_text import canonical
from haulage.storage.lanes import Position

# What a list's places are, in the cursor's first byte.
_AFTER_JOB = b"\x01"
_AFTER_GROUP = b"\x02"
_AFTER_STEP = b"\x03"
_AFTER_DELIVERY = b"\x04"
_AFTER_NUMBER = b"\x05"
_DIGEST_BYTES = 8
_MOMENT_BYTES = 8
_NUMBER_BYTES = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Past it a moment leaves no room to reckon with.
_LAST_YEAR = 9999


def encode(last: Position, wanted: JobFilter, *, tenant: str) -> str:
    """The cursor of the page that follows the job at `last`."""
    return _seal(_AFTER_JOB, _packed(last.at) + last.id.bytes, _digest(wanted, tenant))


def decode(cursor: str, wanted: JobFilter, *, tenant: str) -> Position:
    """The job before the page; raises `InvalidCursor`."""
    place = _unseal(_AFTER_JOB, cursor, _digest(wanted, tenant))
    if len(place) != _MOMENT_BYTES + 16:
        raise _foreign()
    return Position(_moment(place[:_MOMENT_BYTES]), UUID(bytes=place[_MOMENT_BYTES:]))


def encode_group(last_at: datetime, fingerprint: str, wanted: JobFilter, *, tenant: str) -> str:
    """The cursor of the page of groups that follows this one."""
    return _seal(_AFTER_GROUP, _packed(last_at) + fingerprint.encode(), _digest(wanted, tenant))


def decode_group(cursor: str, wanted: JobFilter, *, tenant: str) -> tuple[datetime, str]:
    """The group before the page; raises `InvalidCursor`."""
    place = _unseal(_AFTER_GROUP, cursor, _digest(wanted, tenant))
    return _moment(place[:_MOMENT_BYTES]), _text(place[_MOMENT_BYTES:])


def encode_step(finished_at: datetime, key: str, *, of: UUID) -> str:
    """The cursor of the page of steps that follows this one, of one job."""
    return _seal(_AFTER_STEP, _packed(finished_at) + key.encode(), of.bytes[-_DIGEST_BYTES:])


def decode_step(cursor: str, *, of: UUID) -> tuple[datetime, str]:
    """The step before the page; raises `InvalidCursor`."""
    place = _unseal(_AFTER_STEP, cursor, of.bytes[-_DIGEST_BYTES:])
    return _moment(place[:_MOMENT_BYTES]), _text(place[_MOMENT_BYTES:])


def encode_delivery(at: datetime, delivery_id: UUID, *, of: UUID) -> str:
    """The cursor of the page of deliveries that follows this one, of one webhook."""
    return _seal(_AFTER_DELIVERY, _packed(at) + delivery_id.bytes, of.bytes[-_DIGEST_BYTES:])


def decode_delivery(cursor: str, *, of: UUID) -> tuple[datetime, UUID]:
    """The delivery before the page; raises `InvalidCursor`."""
    place = _unseal(_AFTER_DELIVERY, cursor, of.bytes[-_DIGEST_BYTES:])
    if len(place) != _MOMENT_BYTES + 16:
        raise _foreign()
    return _moment(place[:_MOMENT_BYTES]), UUID(bytes=place[_MOMENT_BYTES:])


def encode_number(number: int, *, of: Sequence[object]) -> str:
    """The cursor of the page that follows the row with this number; `of` is list and filters."""
    return _seal(_AFTER_NUMBER, number.to_bytes(_NUMBER_BYTES, "big"), _digest_of(of))


def decode_number(cursor: str, *, of: Sequence[object]) -> int:
    """The number of the row before the page; raises `InvalidCursor`."""
    place = _unseal(_AFTER_NUMBER, cursor, _digest_of(of))
    if len(place) != _NUMBER_BYTES or place[0] & 0x80:
        raise _foreign()
    return int.from_bytes(place, "big")


def _text(packed: bytes) -> str:
    try:
        text = packed.decode()
    except ValueError as error:
        raise _foreign() from error
    if "\x00" in text:
        raise _foreign()
    return text


def _packed(moment: datetime) -> bytes:
    return ((moment - _EPOCH) // _MICROSECOND).to_bytes(_MOMENT_BYTES, "big", signed=True)


def _moment(packed: bytes) -> datetime:
    try:
        moment = _EPOCH + int.from_bytes(packed, "big", signed=True) * _MICROSECOND
    except OverflowError as error:
        raise _foreign() from error
    if moment.year >= _LAST_YEAR:
        raise _foreign()
    return moment


def _seal(kind: bytes, place: bytes, digest: bytes) -> str:
    return base64.urlsafe_b64encode(kind + place + digest).decode().rstrip("=")


def _unseal(kind: bytes, cursor: str, digest: bytes) -> bytes:
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        packed = b""
    if not packed.startswith(kind) or len(packed) <= len(kind) + _DIGEST_BYTES:
        raise _foreign()
    if packed[-_DIGEST_BYTES:] != digest:
        raise InvalidCursor(
            "The cursor belongs to another list or to other filters. Start again without it."
        )
    return packed[len(kind) : -_DIGEST_BYTES]


def _foreign() -> InvalidCursor:
    return InvalidCursor("The cursor is not one that this list gave. Start again without it.")


def _digest(wanted: JobFilter, tenant: str) -> bytes:
    return _digest_of([tenant, {name: _plain(value) for name, value in asdict(wanted).items()}])


def _digest_of(said: Sequence[object]) -> bytes:
    text = canonical(said)
    return hashlib.blake2s(text.encode(), digest_size=_DIGEST_BYTES).digest()


def _plain(value: object) -> object:
    """The same whatever the order a list was given in and the zone a moment was written in."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return sorted(value)
    return value
