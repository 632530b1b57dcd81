"""Stands in for `haulage`: the same commands, which do nothing but live, answer and die.

HAULAGE_TEST_STUB chooses a misbehaviour: `migration-fails`, `api-dies`, `stubborn-worker`.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ["HAULAGE_DATABASE_URL"].encode()
        self.send_response(200 if self.path in ("/health", "/ready") else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main() -> None:
    misbehaviour = os.environ.get("HAULAGE_TEST_STUB")
    match sys.argv[1:]:
        case ["db", "migrate"]:
            if misbehaviour == "migration-fails":
                sys.exit("the migration has an opinion")
            if misbehaviour == "migration-hangs":
                sys.stderr.write("migrating\n")
                time.sleep(600)
        case ["api", "--host", host, "--port", port]:
            if misbehaviour == "api-dies":
                sys.exit("the api has an opinion")
            ThreadingHTTPServer((host, int(port)), Answer).serve_forever()
        case ["worker", "--pool", "cpu", *_]:
            if misbehaviour == "stubborn-worker":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            # As Celery's prefork children do: a death signal of their own.
            ask = lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # noqa: E731
            subprocess.Popen(["sleep", "600"], preexec_fn=ask).wait()
        case ["worker", "--pool", "io", *_] | ["dispatcher"] | ["poller"]:
            signal.pause()
        case unknown:
            sys.exit(f"what is {unknown}?")


if __name__ == "__main__":
    main()
