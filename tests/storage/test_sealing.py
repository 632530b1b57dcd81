"""Payloads are sealed at rest: nobody finds them in the tables, and every reader gets them back."""

from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from haulage.domain.job import EventKind, Progress
from haulage.domain.outcome import ErrorInfo, Failed, Outcome, Succeeded
from haulage.engine.services import Services
from haulage.storage.attempt_reads import AttemptReads
from haulage.storage.blobs import Blobs
from haulage.storage.database import Database
from haulage.storage.dead_letter_reads import DeadLetterReads
from haulage.storage.event_store import Note
from haulage.storage.family_store import FamilyStore
from haulage.storage.job_filter import JobFilter
from haulage.storage.job_reads import JobReads
from haulage.storage.json_text import dumps, loads
from haulage.storage.resealing import Resealing
from haulage.storage.sealing import MARK, Sealer, Unopened
from haulage.storage.step_reads import StepReads
from haulage.storage.step_store import FinishedStep
from tests.factories import Hand, queued, retry

OLD, NEW = "b2xk" * 10 + "b2w", "bmV3" * 10 + "bmU"
SECRET = "Rosebud"
WORDS = f'{{"said":"{SECRET}"}}'
LARGE = f'{{"said":"{SECRET * 100}"}}'
ERROR = ErrorInfo("odd", f"{SECRET} went wrong.", retryable=True, trace=f"at {SECRET}")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, pool_size=5, name="haulage-test", sealer=Sealer([OLD]))
    yield opened
    await opened.close()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs.open(str(tmp_path / "blobs"), inline_bytes=200, sealer=Sealer([OLD]))


def given_keys(services: Services, keys: list[str]) -> None:
    """As if every process had been started again with these."""
    services.database.sealer = services.blobs.sealer = Sealer(keys)


async def lived(services: Services, text: str, outcome: Outcome) -> UUID:
    """A job that leaves everything behind that a job can."""
    hand = await Hand.hired(services)
    job_id = await queued(services, input=text)
    lease = await hand.claim(job_id)
    assert lease is not None
    assert await services.jobs.input_of(lease) == text
    kept = await services.blobs.keep(text)
    await services.steps.save(
        [FinishedStep(lease, "k", "look", text, 0.1, kept.ref, mark=b"m" * 32)]
    )
    progress = dumps(asdict(Progress(done=1, step=SECRET)))
    log = dumps({"message": SECRET})
    notes = [Note(lease, EventKind.PROGRESS, progress), Note(lease, EventKind.LOG, log)]
    assert await services.events.append(notes) == [True, True]
    assert await hand.settle(lease, outcome)
    # Told once more, after an answer that was lost.
    assert await hand.settle(lease, outcome)
    return job_id


def dumped(url: str) -> str:
    """Every row of every table as text."""
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        return "\n".join(
            row
            for (name,) in names
            for (row,) in connection.execute(
                f"SELECT CAST(t AS text) FROM {name} AS t"  # type: ignore[arg-type]
            )
        )


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def read(services: Services, job_id: UUID) -> dict[str, Any]:
    """What every reader says of a job."""
    reads = JobReads(services.database, services.blobs)
    job = await reads.get(job_id, tenant="default", with_input=True)
    assert job is not None
    [(_, events)] = (await services.events.after({job_id: 0})).items()
    children = await FamilyStore(services.database, services.blobs, services.clock).children(
        [job_id]
    )
    [step] = await StepReads(services.database).page(job_id, limit=10)
    [attempt] = await AttemptReads(services.database).of(job_id)
    return {
        "input": job.input,
        "result": await reads.result(job_id, tenant="default"),
        "error": job.error,
        "step_now": job.progress.step,
        "events": [loads(event.data) for event in events],
        "child": children[job_id],
        "listed": [one.error for one in await reads.page(JobFilter(), tenant="default")],
        "attempt": attempt.error,
        "step": step.value,
        "steps": await services.steps.load(job_id),
        "shared": await services.steps.shared("default", b"m" * 32),
    }


@pytest.mark.parametrize("text", [WORDS, LARGE], ids=["in the row", "as a blob"])
async def test_nobody_finds_in_the_tables_or_blobs_what_a_job_was_given_and_made(
    services: Services, database_url: str, tmp_path: Path, text: str
) -> None:
    succeeded = await lived(services, text, Succeeded(WORDS))
    failed = await lived(services, text, Failed(ERROR))
    assert SECRET.lower() not in dumped(database_url).lower()
    assert SECRET.encode() not in on_disk(tmp_path / "blobs")
    said = await read(services, succeeded)
    assert (said["input"], said["result"][1], said["child"].result) == (text, WORDS, WORDS)
    assert (said["step_now"], said["steps"], said["shared"]) == (SECRET, {"k": text}, text)
    assert {"message": SECRET} in said["events"]
    said = await read(services, failed)
    for error in (said["error"], said["attempt"], said["child"].error):
        assert error["message"] == ERROR.message
    [group] = await DeadLetterReads(services.database).groups(
        JobFilter(), tenant="default", limit=9
    )
    assert group.error["message"] == ERROR.message


async def test_lists_search_a_sealed_error_by_its_code_alone(services: Services) -> None:
    await lived(services, WORDS, retry())
    await lived(services, WORDS, Failed(ERROR))
    reads = JobReads(services.database, services.blobs)
    assert await reads.page(JobFilter(text="odd"), tenant="default")
    assert not await reads.page(JobFilter(text=SECRET), tenant="default")


@pytest.mark.parametrize("keys", [[NEW, OLD], [OLD]], ids=["a new key", "from plain rows on"])
async def test_a_rotation_leaves_nothing_that_needs_the_old_key(
    services: Services, database_url: str, tmp_path: Path, keys: list[str]
) -> None:
    was = [OLD] if NEW in keys else []
    given_keys(services, was)
    ids = [
        await lived(services, text, outcome)
        for text in (WORDS, LARGE)
        for outcome in (Succeeded(WORDS), Failed(ERROR))
    ]
    before = [await read(services, job_id) for job_id in ids]
    given_keys(services, keys)
    passed = [one async for one in Resealing(services.database, services.blobs).run()]
    assert {one.table for one in passed if one.sealed} >= {
        "jobs",
        "steps",
        "shared_steps",
        "events",
    }
    assert SECRET.lower() not in dumped(database_url).lower()
    # A second pass finds nothing to do.
    again = [one async for one in Resealing(services.database, services.blobs).run()]
    assert not any(one.sealed for one in again)
    given_keys(services, keys[:1])
    assert [await read(services, job_id) for job_id in ids] == before


async def test_a_row_that_changed_meanwhile_is_left_to_who_changed_it(
    services: Services, database_url: str
) -> None:
    job_id = await lived(services, WORDS, Succeeded(WORDS))
    given_keys(services, [NEW, OLD])
    resealing = Resealing(services.database, services.blobs)
    newer = Sealer([NEW]).seal('{"newer":true}')
    page = resealing._page

    async def overtaken(*args: Any) -> Any:
        rows = await page(*args)
        with psycopg.connect(database_url) as connection:
            connection.execute("UPDATE jobs SET input = %s WHERE id = %s", [newer, job_id])
        return rows

    resealing._page = overtaken  # type: ignore[method-assign]
    [_ async for _ in resealing.run()]
    job = await JobReads(services.database, services.blobs).get(
        job_id, tenant="default", with_input=True
    )
    assert job is not None
    assert (job.input, job.result) == ('{"newer":true}', WORDS)


def test_equal_texts_do_not_look_equal_unless_they_are_told_again() -> None:
    sealer = Sealer([OLD])
    assert sealer.seal(WORDS) != sealer.seal(WORDS)
    assert sealer.seal(WORDS, under="a 1") == sealer.seal(WORDS, under="a 1")
    assert sealer.seal(WORDS, under="a 1") != sealer.seal(WORDS, under="a 2")


def _with_another_letter(sealed: str) -> str:
    return sealed[:-4] + ("A" if sealed[-4] != "A" else "B") + sealed[-3:]


@pytest.mark.parametrize(
    ("keys", "change", "why"),
    [([NEW], str, "has not"), ([], str, "has not"), ([OLD], _with_another_letter, "was changed")],
)
def test_what_no_key_opens_is_an_error_and_never_a_value(
    keys: list[str], change: Callable[[str], str], why: str
) -> None:
    with pytest.raises(Unopened, match=why):
        Sealer(keys).open(change(Sealer([OLD]).seal(WORDS)))


def test_a_payload_that_looks_sealed_is_given_back_as_it_came() -> None:
    sealer = Sealer([OLD])
    for text in (f'{{"{MARK}":"x"}}', sealer.seal(WORDS), "", '"', "null"):
        assert sealer.open(sealer.seal(text)) == text


@pytest.mark.parametrize(
    "sealer", [Sealer(), Sealer([NEW], writes_plain=True)], ids=["off", "plain"]
)
@pytest.mark.parametrize("form", ["%s", '{"deep":[%s]}'])
def test_where_nothing_is_sealed_it_means_the_same_and_opens(sealer: Sealer, form: str) -> None:
    text = form % Sealer([OLD]).seal(WORDS)
    stored = sealer.seal(text)
    assert loads(sealer.open(stored)) == loads(text)


async def test_who_gives_up_sealing_finds_everything_plain_and_searches_errors_again(
    services: Services, database_url: str
) -> None:
    failed = await lived(services, WORDS, Failed(ERROR))
    before = await read(services, failed)
    services.database.sealer = services.blobs.sealer = Sealer([OLD], writes_plain=True)
    assert [one async for one in Resealing(services.database, services.blobs).run()]
    again = [one async for one in Resealing(services.database, services.blobs).run()]
    assert not any(one.sealed for one in again)
    given_keys(services, [])
    assert MARK not in dumped(database_url)
    assert await read(services, failed) == before
    reads = JobReads(services.database, services.blobs)
    found = await reads.page(JobFilter(text=SECRET), tenant="default")
    assert [one.id for one in found] == [failed]


def test_without_keys_nothing_is_sealed() -> None:
    assert (Sealer().seal(WORDS), Sealer().open(WORDS)) == (WORDS, WORDS)
