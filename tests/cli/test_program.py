"""The program as a whole: started as a user starts it."""

import os
import re
import resource
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from haulage.cli.complaints import SERVER_PACKAGES, complaint_about
from haulage.cli.main import COMMANDS, LazyCommands
from tests.client.contract import Contract

HEAVY = ("celery", "sqlalchemy", "fastapi", "psycopg", "redis", "uvicorn", "pypdfium2", "numpy")


# None in sys.modules is how Python marks a module that cannot be imported.
LIGHT = f"""
import sys
sys.modules |= dict.fromkeys({[*SERVER_PACKAGES.split(), "reportlab"]})
from haulage.cli.main import main
main()
"""


def haulage(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return python("-m", "haulage", *arguments, **environ)


def light_haulage(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """The program where only the base dependencies are installed."""
    return python("-c", LIGHT, *arguments, **environ)


def python(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HAULAGE_")}
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env={**inherited, "NO_COLOR": "1", "COLUMNS": "120", **environ},
        timeout=60,
    )


def processor_s_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_the_version_is_said():
    done = haulage("--version")
    assert (done.returncode, done.stdout) == (0, "haulage 0.1.0\n")


def test_help_is_quick_and_names_every_command():
    took_s = []
    for _ in range(3):
        began = processor_s_of_children()
        done = haulage("--help")
        took_s.append(processor_s_of_children() - began)
    # Processor time, and the best of three: what others do on this machine is not the matter.
    assert min(took_s) < 1.0
    for name in COMMANDS:
        assert f" {name} " in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_that_parses(run, name: str):
    assert run(name, "--help").exit_code == 0
    command = LazyCommands()[name]
    leaves = getattr(command, "commands", None) or {"": command}
    for member, leaf in leaves.items():
        path = f"haulage {name} {member}".strip()
        examples = [
            " ".join(example.split())
            for example in re.findall(r"\[cyan\](.*?)\[/cyan\]", leaf.help, re.DOTALL)
        ]
        assert any(path in example for example in examples), path
        for example in examples:
            # A pipe may come before it and after it.
            _, _, words = example.replace("\\[", "[").partition(f"{path} ")
            arguments = shlex.split(words.partition(" | ")[0].partition(" > ")[0])
            leaf.make_context(path, arguments, resilient_parsing=False)


def test_a_misspelt_command_has_the_nearest_name():
    done = haulage("sumbit", "echo")
    assert done.returncode == 2
    assert "Did you mean 'submit'?" in done.stderr


@pytest.mark.parametrize(
    ("words", "home"),
    [
        (["upload", "x.pdf"], "It is 'haulage files upload'."),
        (["cancel", "x"], "It is 'haulage jobs cancel'."),
        (["list"], "It is 'haulage jobs list', "),
    ],
)
def test_a_command_without_its_group_is_told_where_it_is(run, words: list[str], home: str):
    done = run(*words)
    assert done.exit_code == 2
    said = " ".join(done.stderr.replace("│", " ").split())
    assert home.strip() in said


def test_the_client_commands_import_no_server_packages():
    program = (
        "import sys\n"
        "from haulage.cli.main import LazyCommands\n"
        "commands = LazyCommands()\n"
        "commands['submit'], commands['jobs'], commands['types']\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize(
    "name", ["up", "demo", "api", "worker --pool io", "dispatcher", "db status"]
)
def test_on_a_light_install_a_server_command_names_what_to_install(name: str):
    done = light_haulage(*name.split())
    assert done.returncode == 1
    assert "pip install 'haulage[" in done.stderr
    assert "Traceback" not in done.stderr


def test_on_a_light_install_help_still_shows_every_command():
    done = light_haulage("--help")
    assert done.returncode == 0
    for name in COMMANDS:
        assert f" {name} " in done.stdout


def test_on_a_light_install_the_doctor_warns_and_finds_nothing_broken(
    tmp_path: Path, api: Contract
):
    # Asked of by its address: another system may run on this machine.
    done = light_haulage("doctor", HAULAGE_DATA=str(tmp_path), HAULAGE_URL=api.url)
    assert done.returncode == 0, done.stdout
    assert re.search(r"warn +extra server", done.stdout)


def test_a_missing_api_is_one_clear_error_and_no_trace(tmp_path: Path):
    done = haulage("jobs", "list", HAULAGE_URL="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "No Haulage API answers at http://127.0.0.1:9 (from HAULAGE_URL)" in done.stderr
    assert "haulage up" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_module_of_our_own_is_no_expected_error():
    assert complaint_about(ModuleNotFoundError("x", name="haulage.nonsense")) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org"])
def test_the_api_refuses_to_be_reached_by_other_machines(run, host: str):
    done = run("api", "--host", host)
    assert done.exit_code == 1
    assert f"haulage api --host {host} --auth" in done.stderr


def test_ctrl_c_detaches_and_leaves_the_job_alone(api: Contract):
    api.submit_state = "queued"
    process = subprocess.Popen(
        [sys.executable, "-m", "haulage", "submit", "echo", "-f", "value=1", "--wait"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "HAULAGE_URL": api.url},
    )
    try:
        assert process.stderr is not None
        # The stream's first event: it waits now.
        assert "queued" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=20)
    finally:
        process.kill()
    (job_id,) = api.jobs
    assert process.returncode == 130
    assert f"haulage jobs watch {job_id}" in told
    assert f"haulage jobs cancel {job_id}" in told
    assert api.jobs[job_id].document["state"] == "queued"


def test_the_doctor_says_what_is_wrong_and_what_mends_it():
    done = haulage(
        "doctor", HAULAGE_DATABASE_URL="postgresql://127.0.0.1:9/none", HAULAGE_RDIS_URL=""
    )
    assert done.returncode == 1
    assert "Did you mean HAULAGE_REDIS_URL?" in done.stdout
    assert re.search(r"fail +PostgreSQL +does not answer", done.stdout)
    assert "haulage up" in done.stdout


def test_a_pipe_that_is_closed_early_is_no_error(api: Contract):
    for _ in range(300):
        api.add()
    program = f"{sys.executable} -m haulage jobs list --all -o json | head -n 1"
    done = subprocess.run(
        ["bash", "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "HAULAGE_URL": api.url},
    )
    assert (len(done.stdout.splitlines()), done.stderr) == (1, "")


@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}])
def test_nothing_is_coloured_in_a_pipe_or_where_nobody_wants_colour(
    api: Contract, environ: dict[str, str]
):
    api.add(state="failed")
    done = subprocess.run(
        [sys.executable, "-m", "haulage", "jobs", "list"],
        capture_output=True,
        text=True,
        env={**os.environ, "HAULAGE_URL": api.url, **environ},
    )
    # Bold and dim may stay where a terminal is forced; colours are what is declined.
    assert not re.search(r"\x1b\[(?:\d+;)*3\d", done.stdout)
    assert "failed" in done.stdout
