"""The error tree is drawn whole, and every error has one verdict."""

import re

import pytest
from pydantic import BaseModel, ValidationError

from haulage.domain import errors, provider_errors
from haulage.domain.errors import HaulageError, Interrupted, Verdict, WaitsForChildren, classify


def is_ours(kind: object) -> bool:
    return (
        isinstance(kind, type)
        and issubclass(kind, BaseException)
        and kind.__module__ == errors.__name__
    )


def tree(root: type[BaseException]) -> list[type[BaseException]]:
    """`root` and the classes of `errors.py` below it."""
    found = [root]
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            found += tree(child)
    return found


def made(kind: type[BaseException]) -> BaseException:
    match kind:
        case errors.QueueFull:
            return errors.QueueFull("full", retry_after_s=1)
        case errors.OverLimit:
            return errors.OverLimit("over", policy="p", quota=1, window_s=1, retry_after_s=1)
        case errors.Snoozed:
            return errors.Snoozed("later", delay_s=1)
        case errors.IllegalTransition:
            return errors.IllegalTransition("queued", "waiting")
        case _:
            return kind("said")


CLASSES = [kind for kind in vars(errors).values() if is_ours(kind)]
VERDICTS = {
    "Retryable": Verdict.RETRY,
    "TimedOut": Verdict.RETRY,
    "BrokerAway": Verdict.RETRY,
    "Unavailable": Verdict.RETRY,
    "NotRetryable": Verdict.FAIL,
    "DefinitionFault": Verdict.FAIL,
    **{kind.__name__: Verdict.FAIL for kind in tree(errors.InputFault)},
}


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_of_ours_has_its_verdict(kind: type[BaseException]) -> None:
    assert classify(made(kind)) is VERDICTS.get(kind.__name__, Verdict.UNKNOWN)


class Invented(Exception):
    """An error of somebody else's."""


class Strict(BaseModel):
    number: int


def validation_error() -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        Strict.model_validate({"number": "x"})
    return caught.value


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (TimeoutError("slow"), Verdict.RETRY),
        (ConnectionResetError("cut"), Verdict.RETRY),
        (BrokenPipeError("cut"), Verdict.RETRY),
        (ValueError("odd"), Verdict.UNKNOWN),
        (FileNotFoundError("gone"), Verdict.UNKNOWN),
        (MemoryError(), Verdict.UNKNOWN),
        (Invented("?"), Verdict.UNKNOWN),
        (validation_error(), Verdict.UNKNOWN),
        (KeyboardInterrupt(), Verdict.UNKNOWN),
        (SystemExit(1), Verdict.UNKNOWN),
        (ExceptionGroup("two", [ValueError("a"), KeyError("b")]), Verdict.UNKNOWN),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else value,
)
def test_errors_of_others_have_a_verdict_too(error: BaseException, verdict: Verdict) -> None:
    assert classify(error) is verdict


def test_the_tree_at_the_top_names_every_class_below_its_parent() -> None:
    drawn: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"([│├└─\s]*)([A-Z][A-Za-z]+)(?=\s{2,}|$)", line)
        if found is None:
            continue
        depth = len(found[1])
        path = [one for one in path if one[0] < depth]
        drawn[found[2]] = path[-1][1] if path else ""
        path.append((depth, found[2]))
    ours = {kind for kind in vars(errors).values() if is_ours(kind)}
    assert drawn == {
        kind.__name__: parent.__name__ if (parent := kind.__mro__[1]) in ours else ""
        for kind in ours
    }


def test_the_branch_of_provider_errors_is_drawn_too() -> None:
    drawn: dict[str, str] = {}
    root = ""
    for line in (provider_errors.__doc__ or "").splitlines():
        if found := re.match(r"[├└]── ([A-Za-z]+)", line):
            drawn[found[1]] = root
        elif re.fullmatch(r"[A-Z][A-Za-z]+", line):
            root = line
    ours = {
        kind.__name__: kind.__mro__[1].__name__
        for kind in vars(provider_errors).values()
        if isinstance(kind, type) and kind.__module__ == provider_errors.__name__
    }
    assert drawn == ours


def test_codes_are_unique_so_that_clients_can_tell_errors_apart() -> None:
    kinds = [*tree(HaulageError), *provider_errors.FALLS_THROUGH, provider_errors.ProviderRefused]
    codes = [kind.code for kind in kinds]  # type: ignore[attr-defined]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("signal", [Interrupted, WaitsForChildren])
def test_a_handlers_except_exception_does_not_swallow_a_signal(
    signal: type[BaseException],
) -> None:
    def careless() -> str:
        try:
            raise signal
        except Exception:
            return "swallowed"

    with pytest.raises(signal):
        careless()


def test_a_job_error_may_carry_a_code_of_its_own() -> None:
    assert errors.NotRetryable("no", code="page_refused").code == "page_refused"
    assert errors.NotRetryable("no").code == "not_retryable"
