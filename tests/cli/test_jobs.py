"""`haulage jobs` and `haulage types`."""

import json
import shlex

import pytest

from haulage.cli.types import submit_command
from haulage.client.models import TypeView


def test_a_list_shows_whole_ids_and_says_that_there_is_more(api, run):
    ids = [api.add() for _ in range(4)]
    done = run("jobs", "list", "--limit", "3")
    assert done.exit_code == 0
    assert [job_id in done.stdout for job_id in ids] == [False, True, True, True]
    assert "--all" in done.stderr


def test_a_list_in_json_is_a_line_a_job(api, run, json_lines):
    ids = [api.add() for _ in range(5)]
    api.add(state="failed")
    done = run("jobs", "list", "--state", "queued", "--all", "-o", "json")
    assert [job["id"] for job in json_lines(done)] == ids[::-1]


def test_a_state_that_does_not_exist_is_refused_here(api, run):
    assert run("jobs", "list", "--state", "done").exit_code == 2
    assert not api.seen


def test_a_job_is_shown_with_its_input_and_error(api, run):
    error = {"code": "too_large", "message": "[bold] is no markup", "retryable": False}
    job_id = api.add(state="failed", error=error, input={"value": "[red]"})
    done = run("jobs", "show", job_id)
    assert done.exit_code == 0
    assert "too_large [bold] is no markup" in done.stdout
    assert "[red]" in done.stdout


def test_the_result_alone_can_be_had(api, run):
    job_id = api.add(state="succeeded", result={"a": [1]})
    assert json.loads(run("jobs", "show", job_id, "--result").stdout) == {"a": [1]}


def test_cancelling_goes_on_after_a_refusal_and_exits_with_1(api, run):
    job_id = api.add()
    done = run("jobs", "cancel", "no-such-job", job_id)
    assert done.exit_code == 1
    assert "There is no job no-such-job" in done.stderr
    assert api.jobs[job_id].document["state"] == "cancelled"


def test_logs_are_printed_and_followed_to_the_end(api, run, json_lines):
    job_id = api.add()
    api.tell(job_id, "log", message="page 3 has no text", fields={"page": 3})
    assert "page 3 has no text page=3" in run("jobs", "logs", job_id).stdout
    api.finish(job_id)
    (line,) = json_lines(run("jobs", "logs", job_id, "--follow", "-o", "json"))
    assert (line["seq"], line["fields"]) == (2, {"page": 3})


def test_a_log_without_lines_says_so_on_stderr_alone(api, run):
    done = run("jobs", "logs", api.add())
    assert (done.exit_code, done.stdout) == (0, "")
    assert "has logged nothing" in done.stderr


def test_a_job_that_was_run_again_says_which_run_it_is(api, run):
    job_id = api.add()
    assert "run " not in run("jobs", "show", job_id).stdout
    api.jobs[job_id].document["run"] = 2
    assert "run        2" in run("jobs", "show", job_id).stdout


def test_watching_a_finished_job_prints_its_result(api, run):
    job_id = api.add()
    api.finish(job_id, result="all of it")
    done = run("jobs", "watch", job_id)
    assert (done.exit_code, done.stdout) == (0, "all of it\n")


def test_a_type_is_shown_with_a_command_that_runs(api, run):
    done = run("types", "show", "echo")
    command = shlex.split(done.stdout.splitlines()[-1])
    assert command[:2] == ["haulage", "submit"]
    assert run(*command[1:]).exit_code == 0
    assert [job.document["input"] for job in api.jobs.values()] == [{"value": "it's"}]


def test_a_type_without_an_example_shows_what_a_submit_must_say():
    schema = {"properties": {"name": {}, "times": {}}, "required": ["name"]}
    shown = submit_command(TypeView("hello", input_schema=schema))
    assert shlex.split(shown) == ["haulage", "submit", "hello", "--field", "name=…", "--wait"]


@pytest.mark.parametrize("output", ["text", "json"])
def test_types_are_listed(api, run, output: str):
    lines = run("types", "list", "-o", output).stdout.splitlines()
    assert sum("crunch" in line for line in lines) == 1


def test_a_misspelt_type_has_the_nearest_names(api, run):
    done = run("types", "show", "crnch")
    assert done.exit_code == 1
    assert "Did you mean crunch?" in done.stderr
