from collections.abc import AsyncIterator, Iterator

import pytest

from haulage.client import AsyncClient, Client
from tests.client.contract import Contract, Listening


@pytest.fixture(scope="module")
def listening() -> Iterator[Contract]:
    with Listening() as contract:
        yield contract


@pytest.fixture
def api(listening: Contract, monkeypatch: pytest.MonkeyPatch) -> Contract:
    """The stand-in, as good as new, and no other API to be found in the environment."""
    fresh = Contract(url=listening.url)
    listening.__dict__.update(fresh.__dict__)
    for name in ("HAULAGE_URL", "HAULAGE_API_KEY", "HAULAGE_DATA"):
        monkeypatch.delenv(name, raising=False)
    return listening


@pytest.fixture
def client(api: Contract) -> Iterator[Client]:
    with Client(api.url) as client:
        yield client


@pytest.fixture
async def async_client(api: Contract) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(api.url) as client:
        yield client
