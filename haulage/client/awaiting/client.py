"""The whole client."""

from haulage.client.awaiting.credits import AsyncCredits
from haulage.client.awaiting.decisions import AsyncDecisions
from haulage.client.awaiting.files import AsyncFiles
from haulage.client.awaiting.fleet import AsyncFleet
from haulage.client.awaiting.keys import AsyncKeys
from haulage.client.awaiting.webhooks import AsyncWebhooks


class AsyncClient(AsyncDecisions, AsyncFleet, AsyncCredits, AsyncFiles, AsyncWebhooks, AsyncKeys):
    """The API of one installation; close it or use a `with` block.

    Any number of tasks of one loop may share it.

    `url` defaults to `HAULAGE_URL`, then to a running `haulage up`; `api_key` to `HAULAGE_API_KEY`.
    `timeout_s` is how long one answer may take. Every method raises `ApiError` when the API refuses
    and `Unreachable` when none answers. Before that, what may pass (a broken connection, 429, 502,
    503, 504) is tried up to four times where sending twice cannot do anything twice, no sooner than
    the server asks for, and for no longer than `patience_s`; with 0, once.
    """
