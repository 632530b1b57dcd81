"""`haulage up -o json` with the stub in place of Haulage's own programs: DATA [KEY=VALUE …]."""

import json
import sys
from pathlib import Path

from haulage.cli.complaints import complaint_about
from haulage.cli.output import complain
from haulage.runtime.fault import StartFault, StartInterrupted
from haulage.runtime.signals import on_stop_signals
from haulage.runtime.stack import Stack, StackOptions

STUB = Path(__file__).with_name("stub.py")


def main() -> int:
    data, *more = sys.argv[1:]
    options = {key: json.loads(value) for key, _, value in (item.partition("=") for item in more)}
    stack = Stack(
        StackOptions(data=Path(data), durable=False, script=STUB, **options),
        on_event=lambda event: sys.stderr.write(f"{event}\n"),
    )
    with on_stop_signals(stack.request_stop):
        try:
            sys.stdout.write(stack.start().as_json() + "\n")
            sys.stdout.flush()
            stack.wait()
        except StartInterrupted:
            pass
        except StartFault as fault:
            complain(complaint_about(fault))
            return 1
        finally:
            stack.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
