"""The one place that says who calls: credentials in, a principal out."""

from collections.abc import Awaitable, Callable

from haulage.accounts.api_keys import ApiKeys
from haulage.accounts.principal import Principal, anonymous
from haulage.accounts.secret import PREFIX
from haulage.accounts.tokens import Tokens
from haulage.domain.errors import NotAuthenticated
from haulage.storage.audit_store import Entry

Record = Callable[[Entry], Awaitable[None]]

# Longer than any key or token of ours; what is longer is not even looked at.
MAX_CREDENTIAL = 8_192


class Gate:
    """Tells callers apart; `enabled=False` lets everybody in as `anonymous`. `record` writes down,
    durably, what somebody asks for before it is done."""

    def __init__(
        self, keys: ApiKeys, tokens: Tokens | None = None, *, record: Record, enabled: bool
    ) -> None:
        self.keys = keys
        self.record = record
        self._tokens = tokens
        self.enabled = enabled

    async def admit(self, credential: str | None, *, address: str) -> Principal:
        """Whose `credential` is; raises `NotAuthenticated`."""
        if not self.enabled:
            return anonymous(address)
        if credential is None:
            raise NotAuthenticated("Send an API key: `Authorization: Bearer hlg_…`.")
        if len(credential) > MAX_CREDENTIAL:
            raise NotAuthenticated(f"No credential is longer than {MAX_CREDENTIAL} characters.")
        if credential.startswith(PREFIX):
            return await self.keys.check(credential, address=address)
        if self._tokens is not None and credential.count(".") == 2:
            return await self._tokens.check(credential, address=address)
        raise NotAuthenticated("This is neither an API key nor a token that counts here.")
