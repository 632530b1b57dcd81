"""What tells endpoints of jobs."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from haulage.connectors.vault import Vault
from haulage.connectors.webhooks import Deliverer
from haulage.engine.services import Services
from haulage.settings import Settings
from haulage.storage.delivery_store import DeliveryStore
from haulage.web.poster import Poster, PostLimits


@asynccontextmanager
async def open_deliverer(settings: Settings, services: Services) -> AsyncIterator[Deliverer]:
    """The dispatcher's chore, with connections of its own."""
    wanted = settings.webhooks
    poster = Poster(
        limits=PostLimits(total_s=wanted.timeout_s),
        allow_private=wanted.allow_private,
        clock=services.clock,
    )
    async with aclosing(poster):
        yield Deliverer(
            DeliveryStore(services.database, services.clock),
            poster,
            Vault(wanted.key_list),
            services.clock,
            base_url=wanted.base_url,
            lasting_s=wanted.disable_days * 86_400,
        )
