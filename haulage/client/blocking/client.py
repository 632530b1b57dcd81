# Made by tools/blocking_client.py from haulage/client/awaiting/client.py: change that one.

"""The whole client."""

from haulage.client.blocking.credits import Credits
from haulage.client.blocking.decisions import Decisions
from haulage.client.blocking.files import Files
from haulage.client.blocking.fleet import Fleet
from haulage.client.blocking.keys import Keys
from haulage.client.blocking.webhooks import Webhooks


class Client(Decisions, Fleet, Credits, Files, Webhooks, Keys):
    """The API of one installation; close it or use a `with` block.

    One thread at a time may use it.

    `url` defaults to `HAULAGE_URL`, then to a running `haulage up`; `api_key` to `HAULAGE_API_KEY`.
    `timeout_s` is how long one answer may take. Every method raises `ApiError` when the API refuses
    and `Unreachable` when none answers. Before that, what may pass (a broken connection, 429, 502,
    503, 504) is tried up to four times where sending twice cannot do anything twice, no sooner than
    the server asks for, and for no longer than `patience_s`; with 0, once.
    """
