"""Who calls, and what administrators do with keys."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from haulage.client import key_calls
from haulage.client.awaiting.caller import AsyncCaller
from haulage.client.key_models import AuditView, CallerView, KeyView


class AsyncKeys(AsyncCaller):
    """Who may call, and who asked for what."""

    async def whoami(self) -> CallerView:
        """Who the API takes you for: your tenant, your scopes, what your limits and credits leave.
        Raises `ApiError` with status 401 for a key that does not count."""
        return await self._send(key_calls.whoami())

    async def keys(self, *, tenant: str | None = None) -> Sequence[KeyView]:
        """All of them or one tenant's, newest first, also those that count no more."""
        return await self._send(key_calls.keys(tenant))

    async def key(self, key_id: UUID | str) -> KeyView:
        """Whose it is, what it may do, and when it was used last."""
        return await self._send(key_calls.key(key_id))

    async def create_key(
        self,
        name: str,
        scopes: Sequence[str],
        *,
        tenant: str | None = None,
        expires_at: datetime | None = None,
    ) -> KeyView:
        """Let somebody call, with these scopes; of your own tenant if not said. The answer alone
        has the `key`."""
        body = {"name": name, "scopes": list(scopes), "tenant": tenant, "expires_at": expires_at}
        return await self._send(key_calls.create(body))

    async def rotate_key(self, key_id: UUID | str, *, overlap_s: int = 86_400) -> KeyView:
        """A new `key` with the same rights; the old one counts beside it for `overlap_s`."""
        return await self._send(key_calls.rotate(key_id, overlap_s))

    async def revoke_key(self, key_id: UUID | str) -> KeyView:
        """End a key: it lets nobody in any more, within seconds."""
        return await self._send(key_calls.revoke(key_id))

    def audit(
        self,
        *,
        tenant: str | None = None,
        job: UUID | str | None = None,
        actor: UUID | str | None = None,
        action: str | None = None,
        page_size: int | None = None,
    ) -> AsyncIterator[AuditView]:
        """Every request that was let in to change something, newest first: of one job, its submit
        too; of `actor`, a key's name or id or a token's user; with `action` a part of what was
        asked, such as `cancel`."""
        filters = {
            "tenant": tenant,
            "job_id": job and str(job),
            "actor": actor and str(actor),
            "action": action,
        }
        return self._pages(lambda at: key_calls.audit(filters, page_size, at))
