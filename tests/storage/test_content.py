"""Inputs and results come back byte for byte, whatever is in them and however large."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haulage.domain.lifecycle import State
from haulage.domain.outcome import ErrorInfo, Failed, Succeeded
from haulage.engine.services import Services
from haulage.storage.job_reads import JobReads
from haulage.storage.json_text import canonical, dumps, loads
from tests.factories import Hand, history, queued, row

WEIRD = [
    '"\\u0000"',
    '"\\ud800 alone"',
    '"\\udc00\\ud800 swapped"',
    '{"a":1,"a":2}',
    '{ "spaced" :   [1 ,2] }',
    "1e400",
    "123456789012345678901234567890.123456789",
    '"' + "𝄞é\u202e\ufeff" + '"',
    "[" * 500 + "]" * 500,
    "null",
    '""',
    '{"\\u0000":"\\u0000"}',
]


@pytest.mark.parametrize("text", WEIRD, ids=range(len(WEIRD)))
async def test_weird_text_comes_back_as_it_was(services: Services, text: str) -> None:
    hand = await Hand.hired(services)
    lease = await hand.claim(await queued(services, input=text))
    assert await services.jobs.input_of(lease) == text
    assert await hand.settle(lease, Succeeded(text))
    reads = JobReads(services.database, services.blobs)
    assert await reads.result(lease.job_id, tenant="default") == (State.SUCCEEDED, text)
    found = await reads.get(lease.job_id, tenant="default", with_input=True)
    assert found is not None
    assert (found.input, found.result) == (text, text)


@pytest.mark.parametrize("size", [256 * 1024, 256 * 1024 + 1])
async def test_what_is_large_lies_in_the_blob_store(services: Services, size: int) -> None:
    text = '"' + "x" * (size - 2) + '"'
    hand = await Hand.hired(services)
    job_id = await queued(services, input=text)
    lease = await hand.claim(job_id)
    assert await services.jobs.input_of(lease) == text
    await hand.settle(lease, Succeeded(text))
    found = await row(services, job_id)
    by_reference = size > 256 * 1024
    assert (found["input_ref"] is not None) == by_reference
    assert (found["result_ref"] is not None) == by_reference
    assert (found["input"] is None) == by_reference
    assert found["result_size"] == size
    reads = JobReads(services.database, services.blobs)
    assert await reads.result(job_id, tenant="default") == (State.SUCCEEDED, text)
    shown = await reads.get(job_id, tenant="default", with_input=True)
    assert shown is not None
    assert (shown.input, shown.result) == (text, None if by_reference else text)


async def test_size_is_counted_in_bytes_and_not_in_characters(services: Services) -> None:
    job_id = await queued(services, input='"' + "é" * 140_000 + '"')
    assert (await row(services, job_id))["input_ref"] is not None


async def test_fifty_megabytes_pass_in_both_directions(services: Services) -> None:
    text = '"' + "0123456789" * 5_000_000 + '"'
    hand = await Hand.hired(services)
    lease = await hand.claim(await queued(services, input=text))
    assert await services.jobs.input_of(lease) == text
    assert await hand.settle(lease, Succeeded(text))
    reads = JobReads(services.database, services.blobs)
    assert await reads.result(lease.job_id, tenant="default") == (State.SUCCEEDED, text)


async def test_an_error_may_say_anything(services: Services) -> None:
    hand = await Hand.hired(services)
    lease = await hand.claim(await queued(services))
    said = "a\x00b\ud800c\"\\'𝄞" + "x" * 100_000
    assert await hand.settle(lease, Failed(ErrorInfo("odd", said, retryable=False, trace=said)))
    assert (await row(services, lease.job_id))["error"]["message"] == said
    assert (await history(services, lease.job_id))[-1]["error"]["trace"] == said


@pytest.mark.parametrize("tag", ["a,b", '{"', "é\\", " ", "NULL", "'; --", "𝄞"])
async def test_a_tag_may_look_like_anything(services: Services, tag: str) -> None:
    job_id = await queued(services, tags=(tag, "other"))
    assert (await row(services, job_id))["tags"] == [tag, "other"]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(values)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_json_text_leads_back_to_its_value(value: object) -> None:
    assert loads(dumps(value)) == value
    assert loads(canonical(value)) == value


@given(st.dictionaries(st.text(), st.integers(), min_size=2))
def test_the_order_of_keys_does_not_change_canonical_text(value: dict[str, int]) -> None:
    turned = dict(reversed(value.items()))
    assert canonical(turned) == canonical(value)


def test_sets_have_one_canonical_text() -> None:
    words = [f"word{number}" for number in range(50)]
    assert canonical({"a": set(words)}) == canonical({"a": sorted(words)})
    assert canonical(frozenset(words)) == canonical(sorted(words))


def test_what_json_has_no_number_for_is_refused() -> None:
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="JSON"):
            dumps({"a": value})
    assert json.loads(dumps(1e308)) == 1e308
