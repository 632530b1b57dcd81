"""The store against a model small enough to be right: whatever two workers, a dispatcher and people
do in any order, dying at their commits and coming back, the rows are what the model says."""

import pytest

from haulage.storage.blobs import Blobs
from tests.conftest import TestClock
from tests.storage.machine import WholeMachine
from tests.storage.mortals import examine, examples

EXAMPLES = examples(30)


@pytest.mark.timeout(60 + 6 * EXAMPLES)
def test_the_store_is_what_its_model_says(
    database_url: str, blobs: Blobs, clock: TestClock
) -> None:
    examine(WholeMachine, examples=EXAMPLES, database_url=database_url, blobs=blobs, clock=clock)
