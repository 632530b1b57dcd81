import os
import signal
import threading

import pytest

from haulage.runtime.fault import StartFault, StartInterrupted
from haulage.runtime.process import ProcessSpec
from haulage.runtime.supervisor import Answering, CrashLooping, Died, Stopped, Supervisor

from .conftest import gone, until


class Heard(list):
    def of(self, kind: type) -> list:
        return [event for event in self if isinstance(event, kind)]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def supervisor(tmp_path, heard):
    supervisor = Supervisor(tmp_path / "logs", heard.append)
    yield supervisor
    supervisor.hurry()
    supervisor.stop()


def sleeper(name: str, **options) -> ProcessSpec:
    return ProcessSpec(name, ("sleep", "600"), **options)


def test_what_dies_is_started_again(supervisor, heard):
    supervisor.start(sleeper("one"))
    until(lambda: supervisor.pids())
    (first,) = supervisor.pids()["one"]
    os.kill(first, signal.SIGKILL)
    until(lambda: len(heard.of(Answering)) == 2)
    assert heard.of(Died)[0].fault.what == "one died (signal SIGKILL)."
    assert supervisor.pids()["one"] != [first]


def test_what_keeps_dying_is_reported_once_with_its_last_words(supervisor, heard):
    supervisor.start(ProcessSpec("one", ("sh", "-c", "echo ouch; exit 1")))
    until(lambda: len(heard.of(Died)) == 4)
    (report,) = heard.of(CrashLooping)
    assert report.fault.log.endswith("ouch")
    with pytest.raises(StartFault, match="ouch"):
        supervisor.check()


def test_it_waits_longer_after_each_death(supervisor, heard):
    supervisor.start(ProcessSpec("one", ("false",)))
    until(lambda: len(heard.of(Died)) == 3)
    assert [death.restart_in_s for death in heard.of(Died)] == [0.1, 0.2, 0.4]


def test_waiting_for_answers_fails_with_what_keeps_dying(supervisor):
    supervisor.start(ProcessSpec("one", ("sh", "-c", "echo ouch"), ready=lambda: False))
    with pytest.raises(StartFault, match="ouch"):
        supervisor.await_answers(threading.Event())


def test_waiting_for_answers_ends_when_told_to_give_up(supervisor):
    supervisor.start(sleeper("one", ready=lambda: False))
    give_up = threading.Event()
    give_up.set()
    with pytest.raises(StartInterrupted):
        supervisor.await_answers(give_up)


def test_groups_are_stopped_in_reverse_and_leave_nothing(supervisor, heard):
    for name in ("first", "second", "third"):
        supervisor.start(sleeper(name))
    supervisor.await_answers(threading.Event())
    pids = [pid for found in supervisor.pids().values() for pid in found]
    supervisor.stop()
    assert [event.name for event in heard.of(Stopped)] == ["third", "second", "first"]
    assert all(gone(pid) for pid in pids)
    assert heard.of(Died) == []


def test_a_stop_does_not_wait_for_the_next_attempt(supervisor, heard):
    supervisor.start(ProcessSpec("one", ("false",)))
    until(lambda: len(heard.of(Died)) == 4)  # the next start is in 0.8 s
    supervisor.stop()
    assert heard.of(Stopped)[0].after_s < 0.5
