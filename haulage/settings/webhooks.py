"""Settings of webhooks. The keys are secret and have no default."""

import base64
import binascii

from pydantic import BaseModel, Field, SecretStr, field_validator

_KEY_BYTES = 32


class WebhooksSettings(BaseModel):
    """`keys` seal the secrets of endpoints: the first one, and each opens; without one there are no
    webhooks. `base_url` is where the API is seen from outside, for links."""

    keys: SecretStr = SecretStr("")
    base_url: str = ""
    allow_private: bool = False
    timeout_s: float = Field(default=15.0, gt=0, le=120)
    disable_days: float = Field(default=5.0, gt=0)

    @field_validator("keys")
    @classmethod
    def _are_keys(cls, keys: SecretStr) -> SecretStr:
        return are_keys(keys, made_by="haulage webhooks new-key")

    @field_validator("base_url")
    @classmethod
    def _absolute(cls, base_url: str) -> str:
        if base_url and not base_url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return base_url.rstrip("/")

    @property
    def key_list(self) -> list[str]:
        """The keys, the sealing one first."""
        return split_keys(self.keys)


def are_keys(keys: SecretStr, *, made_by: str) -> SecretStr:
    """`keys` as they are; raises ValueError for what is none, with the command that makes one."""
    for key in split_keys(keys):
        try:
            fits = len(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))) == _KEY_BYTES
        except (ValueError, binascii.Error):
            fits = False
        if not fits:
            raise ValueError(f"must be keys made by `{made_by}`, with commas")
    return keys


def split_keys(keys: SecretStr) -> list[str]:
    """Each of the keys that are written with commas between them."""
    return [key.strip() for key in keys.get_secret_value().split(",") if key.strip()]
