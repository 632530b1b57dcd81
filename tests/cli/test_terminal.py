"""What jobs, documents and callers wrote is shown on a terminal, and obeyed by none."""

import io
import json
import re

import pytest

from haulage.cli.output import print_json
from haulage.cli.terminal import Terminal

# Clears the screen, renames the window, writes the clipboard, in 7 and in 8 bits, and turns the
# direction of reading.
FORGED = "\x1b[2J\x1b]0;mine\x07\x1b]52;c;bWluZQ==\x07\x9b2J\x7f\u202elive\u2066"
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("how", [["show"], ["list", "--all"]], ids=lambda how: how[0])
def test_no_command_obeys_what_a_job_carries(api, run, how):
    error = {"code": "odd", "message": FORGED, "retryable": False}
    job_id = api.add(state="failed", type=FORGED, tags=[FORGED], error=error)
    done = run("jobs", *how, *([job_id] if how == ["show"] else []))
    assert done.exit_code == 0
    assert not OBEYED.search(done.stdout)
    assert "0;mine" in done.stdout


def test_a_log_line_is_followed_and_not_obeyed(api, run):
    job_id = api.add()
    api.tell(job_id, "log", message=FORGED, fields={"page": FORGED})
    done = run("jobs", "logs", job_id)
    assert not OBEYED.search(done.stdout)
    assert "live" in done.stdout


def test_an_error_of_the_api_is_not_obeyed_either(api, run):
    done = run("jobs", "cancel", FORGED)
    assert done.exit_code == 1
    assert not OBEYED.search(done.stderr)


def test_json_means_what_it_did(capsys):
    print_json({"said": FORGED})
    said = capsys.readouterr().out
    assert not OBEYED.search(said)
    assert json.loads(said) == {"said": FORGED}


def test_colours_of_ours_stay():
    into = io.StringIO()
    terminal = Terminal(
        file=into, force_terminal=True, color_system="standard", width=200, highlight=False
    )
    terminal.print("[red]failed[/]", FORGED, "two\nlines")
    said = into.getvalue()
    assert "\x1b[31mfailed\x1b[0m" in said
    assert not OBEYED.search(said.replace("\x1b[31m", "").replace("\x1b[0m", ""))
    assert "two\nlines" in said
