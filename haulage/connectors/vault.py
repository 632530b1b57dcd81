"""Secrets that must be read again: sealed by a key that lies in the settings, not in the database.

Who has the database alone can sign nothing. Of several keys the first one seals and each opens, so
that a key can be replaced. Sealing is Fernet: AES-128-CBC and HMAC-SHA256.
"""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from haulage.domain.errors import HaulageError


class NoVault(HaulageError):
    """There is no key that secrets could be sealed with."""

    code = "webhooks_not_set_up"

    def __init__(self) -> None:
        super().__init__("HAULAGE_WEBHOOKS_KEYS is not set.")


class Unreadable(HaulageError):
    """None of the keys opens a secret."""

    code = "secret_unreadable"


class Vault:
    """Seals and opens. Without keys both raise `NoVault`; keys that are none, `ValueError`."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(padded(key)) for key in keys]) if keys else None

    def seal(self, secret: str) -> str:
        """`secret` as it may be stored."""
        return self._opened().encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """The inverse; raises `Unreadable`."""
        try:
            return self._opened().decrypt(sealed).decode()
        except InvalidToken as error:
            raise Unreadable("No key of HAULAGE_WEBHOOKS_KEYS opens this secret.") from error

    def _opened(self) -> MultiFernet:
        if self._fernet is None:
            raise NoVault
        return self._fernet


def padded(key: str) -> str:
    """`key` with the padding that base64 wants and people leave out."""
    return key + "=" * (-len(key) % 4)
