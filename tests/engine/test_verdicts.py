"""What an error makes of an attempt, apart from any executor."""

from random import Random

from haulage.domain.errors import Retryable, Snoozed
from haulage.domain.job_type import Policy
from haulage.domain.outcome import Failed, Outcome, Snooze
from haulage.engine.verdicts import outcome_of
from tests.conftest import TestClock


def test_a_snooze_is_none_of_the_attempts_business(random: Random, clock: TestClock) -> None:
    def judged(error: Exception) -> Outcome:
        return outcome_of(
            error, attempt=9, max_attempts=1, policy=Policy(), random=random, now=clock.now()
        )

    assert judged(Snoozed("", delay_s=1)) == Snooze(1, reason="snooze")
    assert isinstance(judged(Retryable("x")), Failed)
