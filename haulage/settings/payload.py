"""Settings of what lies in the database. The keys are secret and have no default."""

from pydantic import BaseModel, Field, SecretStr, field_validator

from haulage.settings.webhooks import are_keys, split_keys

PLAIN = "plain"


class PayloadSettings(BaseModel):
    """`keys` seal payloads in their rows: the first one, and each opens; without one they lie there
    plain. With the word `plain` before them they open, and nothing is sealed."""

    keys: SecretStr = Field(default=SecretStr(""))

    @field_validator("keys")
    @classmethod
    def _are_keys(cls, keys: SecretStr) -> SecretStr:
        words = split_keys(keys)
        if words == [PLAIN]:
            raise ValueError(f"{PLAIN} stands before the keys that open what is sealed")
        opening = words[1:] if words[:1] == [PLAIN] else words
        are_keys(SecretStr(",".join(opening)), made_by="haulage payloads new-key")
        return keys

    @property
    def key_list(self) -> list[str]:
        """The keys, the sealing one first."""
        return [word for word in split_keys(self.keys) if word != PLAIN]

    @property
    def writes_plain(self) -> bool:
        """Whether the keys only open."""
        return split_keys(self.keys)[:1] == [PLAIN]
