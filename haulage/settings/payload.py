"""Settings of what lies in the database. The keys are secret and have no default."""

from pydantic import BaseModel, Field, SecretStr, field_validator

from haulage.settings.webhooks import are_keys, split_keys


class PayloadSettings(BaseModel):
    """`keys` seal payloads in their rows: the first one, and each opens; without one they lie there
    plain."""

    keys: SecretStr = Field(default=SecretStr(""))

    @field_validator("keys")
    @classmethod
    def _are_keys(cls, keys: SecretStr) -> SecretStr:
        return are_keys(keys, made_by="haulage payloads new-key")

    @property
    def key_list(self) -> list[str]:
        """The keys, the sealing one first."""
        return split_keys(self.keys)
