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
        for key in _split(keys):
            try:
                fits = len(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))) == _KEY_BYTES
            except (ValueError, binascii.Error):
                fits = False
            if not fits:
                raise ValueError("must be keys made by `haulage webhooks new-key`, with commas")
        return keys

    @field_validator("base_url")
    @classmethod
    def _absolute(cls, base_url: str) -> str:
        if base_url and not base_url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return base_url.rstrip("/")

    @property
    def key_list(self) -> list[str]:
        """The keys, the sealing one first."""
        return _split(self.keys)


def _split(keys: SecretStr) -> list[str]:
    return [key.strip() for key in keys.get_secret_value().split(",") if key.strip()]
