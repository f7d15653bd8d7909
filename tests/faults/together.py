"""Two studies on one folder at the same time: a program that the test starts.

Prints the id of every run that either of them carried out.
"""

from __future__ import annotations

import os
import sys
from multiprocessing import forkserver
from pathlib import Path

from killed import started

from harness.study import executor
from harness.study.server import start_server
from harness.study.work import Assignment

STUDIES = 2


def main(suite: Path, folder: Path) -> None:
    start_server()
    forkserver.ensure_running = forkserver._forkserver.ensure_running = lambda: None
    carry_out = executor.in_own_process

    def told(context, work, argument, say, limits):
        if isinstance(argument, Assignment):
            os.write(1, f"{argument.identity.run_id}\n".encode())
        return carry_out(context, work, argument, say, limits)

    executor.in_own_process = told
    processes = [started(suite, folder) for _ in range(STUDIES)]
    codes = [os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in processes]
    sys.exit(max(codes))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
