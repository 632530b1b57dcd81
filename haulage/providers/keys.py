"""Keys of providers: they are sent, compared and blotted out of what others say; never shown."""

import re
from pathlib import Path

from pydantic import SecretStr

# What looks like a key of the known vendors, also when it is not the one we hold.
KEY_SHAPED = re.compile(r"\b(?:sk|rk|pk|gsk|xai)-[A-Za-z0-9_\-]{8,}|\bAIza[A-Za-z0-9_\-]{10,}")


class Key:
    """A key that was given as a value, or lies in a file and may change there."""

    def __init__(self, value: SecretStr | None = None, file: Path | None = None) -> None:
        self._file = file
        self._value = value
        if file is not None:
            self.reread()

    def current(self) -> str | None:
        """The key, for a header and for nothing else; None where there is none."""
        return (self._value.get_secret_value() or None) if self._value else None

    def reread(self) -> bool:
        """Look into the file again; whether the key is another one now."""
        if self._file is None:
            return False
        try:
            found = SecretStr(self._file.read_text().strip())
        except (OSError, UnicodeDecodeError):
            return False
        changed = found != self._value
        self._value = found
        return changed

    def blot(self, text: str) -> str:
        """`text` without this key and without whatever looks like one."""
        held = self.current()
        if held:
            text = text.replace(held, "***")
        return KEY_SHAPED.sub("***", text)
