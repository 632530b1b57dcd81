"""What a client does with webhooks."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from haulage.client import webhook_calls
from haulage.client.awaiting.caller import AsyncCaller
from haulage.client.webhook_models import DeliveryView, WebhookView


class AsyncWebhooks(AsyncCaller):
    """Endpoints outside that are told of jobs."""

    async def webhooks(self) -> Sequence[WebhookView]:
        """All of them, by name."""
        return await self._send(webhook_calls.webhooks())

    async def create_webhook(
        self, name: str, url: str, *, events: Sequence[str] = (), jobs: str = "all"
    ) -> WebhookView:
        """Have `url` told of jobs: of all, or of those that name it. The answer alone has the
        `secret` that signs."""
        body = {"name": name, "url": url, "events": list(events), "jobs": jobs}
        return await self._send(webhook_calls.create(body))

    async def change_webhook(
        self,
        webhook_id: UUID | str,
        *,
        url: str | None = None,
        events: Sequence[str] = (),
        jobs: str | None = None,
        enabled: bool | None = None,
    ) -> WebhookView:
        """What is left out stays. Disabled, what is pending is given up; enabled, its failures are
        forgotten."""
        body = {"url": url, "events": list(events), "jobs": jobs, "enabled": enabled}
        return await self._send(webhook_calls.change(webhook_id, body))

    async def delete_webhook(self, webhook_id: UUID | str) -> None:
        """Forget it and its deliveries."""
        await self._send(webhook_calls.delete(webhook_id))

    async def rotate_webhook(
        self, webhook_id: UUID | str, *, overlap_s: int = 86_400
    ) -> WebhookView:
        """A new `secret`; the old one signs beside it for `overlap_s`."""
        return await self._send(webhook_calls.rotate(webhook_id, overlap_s))

    async def test_webhook(self, webhook_id: UUID | str) -> DeliveryView:
        """Send it a `webhook.test`."""
        return await self._send(webhook_calls.test(webhook_id))

    def deliveries(
        self,
        webhook_id: UUID | str,
        *,
        state: str | None = None,
        job: UUID | str | None = None,
        page_size: int | None = None,
    ) -> AsyncIterator[DeliveryView]:
        """What it was told, newest first."""
        filters = {"state": state, "job": str(job) if job else None, "limit": page_size}
        return self._pages(lambda at: webhook_calls.deliveries(webhook_id, filters, at))

    async def replay_delivery(
        self, webhook_id: UUID | str, delivery_id: UUID | str
    ) -> DeliveryView:
        """Send one again, under its id."""
        return await self._send(webhook_calls.replay_delivery(webhook_id, delivery_id))

    async def replay_deliveries(
        self, webhook_id: UUID | str, *, since: datetime, state: str = "failed"
    ) -> int:
        """Send all again that failed since then; how many."""
        return await self._send(webhook_calls.replay(webhook_id, since, state))
