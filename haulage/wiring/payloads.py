"""What lies in the database and the blob store, for whoever seals it anew."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from haulage.settings import SettingsFault, load
from haulage.storage.blobs import Blobs
from haulage.storage.resealing import Resealing
from haulage.wiring.services import make_database
from haulage.wiring.tables import require_tables


@asynccontextmanager
async def open_resealing() -> AsyncIterator[Resealing]:
    """By the settings; raises `SettingsFault` where no key is set."""
    settings = load()
    if not settings.payload.key_list:
        raise SettingsFault(
            "HAULAGE_PAYLOAD_KEYS is not set: there is no key to seal with. "
            "Make one with `haulage payloads new-key`, and give it to every process."
        )
    require_tables(settings.require_database_url())
    database = make_database(settings, pool_size=1, name="payloads")
    try:
        yield Resealing(
            database,
            Blobs.open(
                settings.blob.url, inline_bytes=settings.blob.inline_bytes, sealer=database.sealer
            ),
        )
    finally:
        await database.close()
