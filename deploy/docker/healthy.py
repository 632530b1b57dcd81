"""Exit with 0 when a page of this machine answers 200: `healthy.py 8700/health 9100/health`.

Several are tried in turn. Standard library alone: it runs every few seconds.
"""

import http.client
import sys

TIMEOUT_S = 4


def answers(page: str) -> bool:
    """Whether `port/path` answers 200 now."""
    port, _, path = page.partition("/")
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=TIMEOUT_S)
    try:
        connection.request("GET", f"/{path}")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if any(answers(page) for page in sys.argv[1:]) else 1)
