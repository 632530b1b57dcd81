"""The transition table: what may follow what, and nothing else."""

import pytest

from haulage.domain.errors import IllegalTransition
from haulage.domain.lifecycle import (
    INITIAL,
    LIVE,
    REDRIVABLE,
    TERMINAL,
    TRANSITIONS,
    State,
    may,
    require,
    sources,
)
from haulage.domain.outcome import (
    Cancelled,
    ErrorInfo,
    Failed,
    Outcome,
    Retry,
    Snooze,
    Succeeded,
    Waiting,
    target_state,
)

ALLOWED = {
    ("scheduled", "queued"),
    ("scheduled", "cancelled"),
    ("scheduled", "failed"),
    ("queued", "running"),
    ("queued", "cancelled"),
    ("queued", "failed"),
    ("running", "succeeded"),
    ("running", "failed"),
    ("running", "cancelled"),
    ("running", "scheduled"),
    ("running", "waiting"),
    ("waiting", "queued"),
    ("waiting", "cancelled"),
    ("waiting", "failed"),
}
PAIRS = [(current, target) for current in State for target in State]


@pytest.mark.parametrize(("current", "target"), PAIRS, ids=lambda state: state.value)
def test_exactly_the_pairs_of_the_table_are_allowed(current: State, target: State) -> None:
    assert may(current, target) == ((current.value, target.value) in ALLOWED)


@pytest.mark.parametrize(
    ("current", "target"),
    [pair for pair in PAIRS if pair not in ALLOWED],
    ids=lambda state: state.value,
)
def test_a_pair_outside_the_table_is_refused(current: State, target: State) -> None:
    with pytest.raises(IllegalTransition, match=f"from {current} to {target}"):
        require(current, target)


@pytest.mark.parametrize(("current", "target"), sorted(ALLOWED))
def test_a_pair_of_the_table_passes(current: str, target: str) -> None:
    require(State(current), State(target))


def test_every_state_has_a_row_in_the_table() -> None:
    assert set(TRANSITIONS) == set(State)


def test_terminal_states_are_those_that_nothing_leaves() -> None:
    assert {state for state in State if not any(may(state, to) for to in State)} == TERMINAL
    assert TERMINAL.isdisjoint(LIVE)
    assert set(State) == TERMINAL | LIVE


def test_every_state_can_be_reached_from_an_initial_one() -> None:
    reached = set(INITIAL)
    while grown := {to for state in reached for to in TRANSITIONS[state]} - reached:
        reached |= grown
    assert reached == set(State)


def test_every_live_state_can_still_end() -> None:
    assert all(TERMINAL & TRANSITIONS[state] for state in LIVE)


def test_only_terminal_states_that_somebody_may_reopen_are_redrivable() -> None:
    assert REDRIVABLE < TERMINAL
    assert State.SUCCEEDED not in REDRIVABLE


@pytest.mark.parametrize("target", State)
def test_sources_are_the_inverse_of_the_table(target: State) -> None:
    assert set(sources(target)) == {state for state in State if may(state, target)}


ERROR = ErrorInfo("code", "message", retryable=False)


@pytest.mark.parametrize(
    "outcome",
    [
        Succeeded("{}"),
        Failed(ERROR),
        Cancelled(),
        Retry(1.0, ERROR),
        Snooze(1.0),
        Waiting(),
    ],
    ids=lambda outcome: type(outcome).__name__,
)
def test_every_outcome_leads_where_a_running_job_may_go(outcome: Outcome) -> None:
    assert may(State.RUNNING, target_state(outcome))
