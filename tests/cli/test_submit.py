"""`haulage submit`."""

import json
from pathlib import Path

import pytest

from tests.client.contract import Contract


def sent(api: Contract) -> dict:
    """The one job that was submitted."""
    (job,) = api.jobs.values()
    return job.document


def test_a_job_is_submitted_and_named(api, run):
    api.submit_state = "queued"
    done = run("submit", "echo", "--input", '{"value": "hi"}')
    assert done.exit_code == 0
    assert sent(api)["id"] in done.stdout
    assert sent(api)["input"] == {"value": "hi"}


@pytest.mark.parametrize("how", ["@", "-"])
def test_the_input_comes_from_a_file_or_stdin(api, run, tmp_path: Path, how: str):
    (tmp_path / "input.json").write_text('{"value": "é"}', encoding="utf-8")
    argument = f"@{tmp_path / 'input.json'}" if how == "@" else "-"
    assert run("submit", "echo", "-i", argument, stdin='{"value": "é"}').exit_code == 0
    assert sent(api)["input"] == {"value": "é"}


def test_fields_are_read_as_the_schema_says(api, run):
    assert run("submit", "echo", "-f", "value=12").exit_code == 0
    assert sent(api)["input"] == {"value": "12"}
    api.jobs.clear()
    assert run("submit", "crunch", "-f", "seconds=12").exit_code == 0
    assert sent(api)["input"] == {"seconds": 12}


def test_a_file_is_uploaded_and_its_id_filled_in(api, run, tmp_path: Path):
    novel = tmp_path / "novel.pdf"
    novel.write_bytes(b"%PDF-1.7")
    assert run("submit", "rewrite_novel", "--file", str(novel)).exit_code == 0
    assert api.files[sent(api)["input"]["file"]] == b"%PDF-1.7"


def test_the_options_reach_the_api(api, run):
    done = run(
        "submit", "echo", "--queue", "io", "--priority", "high", "--tag", "a", "--tag", "b",
        "--run-at", "+10m", "--max-attempts", "2", "--timeout", "5m",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert (sent(api)["priority"], sent(api)["tags"]) == ("high", ["a", "b"])


def test_waiting_prints_the_result_alone_on_stdout(api, run):
    done = run("submit", "echo", "-f", "value=hi", "--wait")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {"said": {"value": "hi"}}
    assert "succeeded" in done.stderr
    assert "half" in done.stderr


def test_waiting_in_json_is_one_line(api, run, json_lines):
    done = run("submit", "echo", "--wait", "-o", "json")
    (job,) = json_lines(done)
    assert (job["state"], job["result"]) == ("succeeded", {"said": {}})
    assert done.stderr == ""


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_failed_job_exits_with_1_and_says_why(api, run, output: str):
    api.submit_state = "failed"
    done = run("submit", "echo", "--wait", "-o", output)
    assert done.exit_code == 1
    assert "page_refused: The page said no." in done.stderr


def test_a_cancelled_job_exits_with_1(api, run):
    api.submit_state = "cancelled"
    done = run("submit", "echo", "--wait")
    assert done.exit_code == 1
    assert "cancelled" in done.stderr


def test_an_unknown_type_is_refused(api, run):
    done = run("submit", "ehco", "-f", "value=hi")
    assert done.exit_code == 1
    assert "There is no job type 'ehco'" in done.stderr
    assert not api.jobs


def test_pointers_say_what_does_not_fit(api, run):
    done = run("submit", "echo", "-i", '{"valeu": 1}')
    assert done.exit_code == 1
    assert "/input/valeu: unknown field" in done.stderr
    assert "req-1" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--input", "{value: 1}"],
        ["--input", "@/does/not/exist.json"],
        ["--input", "[1]", "--field", "a=b"],
        ["--field", "value"],
        ["--file", "/does/not/exist.pdf"],
        ["--run-at", "tomorrow"],
        ["--timeout", "long"],
        ["--priority", "urgent"],
        ["--max-attempts", "0"],
    ],
)
def test_a_command_line_that_makes_no_sense_exits_with_2_and_sends_nothing(api, run, arguments):
    done = run("submit", "echo", *arguments)
    assert done.exit_code == 2, done.stderr
    assert not api.seen
