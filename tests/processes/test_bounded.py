"""Work in a fork of this process."""

import atexit
import functools
import gc
import os
from pathlib import Path

from harness.processes.bounded import bounded


class Thrown:
    """Writes down which process takes it apart."""

    def __init__(self, into):
        self.into, self.itself = into, self

    def __del__(self):
        with self.into.open("a") as stream:
            stream.write(f"{os.getpid()}\n")


def collect(limit: float) -> int:
    gc.collect()
    return os.getpid()


def test_what_this_process_threw_away_is_not_taken_apart_in_another(tmp_path: Path):
    gone = tmp_path / "gone"
    gc.collect()
    Thrown(gone)
    at_end = functools.partial(print, Thrown(gone))
    atexit.register(at_end)
    assert bounded(collect, 1.0, about="garbage") != os.getpid()
    atexit.unregister(at_end)
    assert gc.isenabled()
    assert not gone.exists() or gone.read_text().split() == [str(os.getpid())]
    del at_end
    gc.collect()
    assert gone.read_text().split() == [str(os.getpid())] * 2
