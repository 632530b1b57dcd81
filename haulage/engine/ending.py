"""What an attempt ended with, before it is settled."""

from dataclasses import dataclass
from typing import Any

from haulage.accounts.credits import charge_for
from haulage.domain.credits import Share, Work
from haulage.domain.job_type import JobType
from haulage.domain.lifecycle import TERMINAL
from haulage.domain.outcome import Outcome, target_state
from haulage.engine.context import RunContext


@dataclass(frozen=True, slots=True)
class Ending:
    """`outcome` None: nothing is to be settled here. `result_ref` says where the result lies if it
    is too large for a row; `value` and `result` are the input and the result as the type has them,
    as far as it came to them."""

    outcome: Outcome | None
    declared: JobType | None = None
    value: Any = None
    result: Any = None
    result_ref: str | None = None

    def charge(self, context: RunContext) -> int | Share | None:
        """What the run has come to in credits where its type says so; see `charge_for`."""
        if self.declared is None or self.declared.policy.charge_credits is None:
            return None
        if self.outcome is None or self.value is None:
            return None
        state = target_state(self.outcome)
        if state not in TERMINAL:
            return None
        progress = context.reports.current
        work = Work(state, self.value, self.result, context.usage, progress)
        return charge_for(self.declared, work)
