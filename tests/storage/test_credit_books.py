"""The books of credits against a model that reckons lot by lot, whatever happens in any order."""

import pytest

from haulage.storage.blobs import Blobs
from tests.conftest import TestClock
from tests.storage.credit_machine import CreditMachine
from tests.storage.mortals import examine, examples

EXAMPLES = examples(8)


@pytest.mark.timeout(60 + 6 * EXAMPLES)
def test_the_books_balance_whatever_happens(
    database_url: str, blobs: Blobs, clock: TestClock
) -> None:
    examine(CreditMachine, examples=EXAMPLES, database_url=database_url, blobs=blobs, clock=clock)
