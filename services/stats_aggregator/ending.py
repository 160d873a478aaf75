"""The end of the process, whatever else has ended before: Faust's own stop relies on a broker.

A failed stop leaves Faust's consumer in a thread that never ends; the process would keep its ports
and its name for ever. That happened where supervisor, log and broker went away together.
"""

import os
import sys
import threading
from contextlib import suppress
from typing import Any, NoReturn

LONGEST_STOP_S = 25.0


def run_to_the_end(worker: Any) -> NoReturn:
    """Run a Faust worker, then end the process with its status, threads or not."""
    status: object = 1
    try:
        worker.execute_from_commandline()
    except SystemExit as end:
        status = end.code
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 1)


def end_soon(seconds: float = LONGEST_STOP_S) -> None:
    """End the process then, whatever its stop still waits for."""
    timer = threading.Timer(seconds, os._exit, (1,))
    timer.daemon = True
    timer.start()
