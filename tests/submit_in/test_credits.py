"""Jobs that cost credits do not come in a caller's transaction."""

import psycopg
import pytest

from haulage import submit_in
from haulage.domain.credit_errors import CostsCredits
from haulage.engine.services import Services
from tests.factories import row


async def test_a_priced_job_of_a_charged_tenant_is_refused(
    published: Services, caller: psycopg.Connection
) -> None:
    await published.credits.grant("default", 10, by="ann")
    with pytest.raises(CostsCredits, match="over HTTP"):
        submit_in(caller, "translate", {"order": 1})
    caller.rollback()
    other = submit_in(caller, "translate", {"order": 1}, tenant="not charged")
    free = submit_in(caller, "invoice", {"order": 1})
    caller.commit()
    for job_id in (other, free):
        assert (await row(published, job_id))["price_credits"] is None
