"""How threads that compute together wait for each other: spinning, or asleep.

OpenMP's threads meet at the end of every operation. Those that are first spin, in libgomp for
milliseconds, which costs nothing on an idle machine. Where another program has a core, one thread
is late because it waits for that core, and the spinning ones keep it from getting another: two
threads beside a busy program then take several times as long as they need
(`benchmarks/neighbours.py`). Threads that sleep lose some microseconds at every wake instead.

The variables are read once, when a library with OpenMP is loaded: they must stand before torch,
scikit-learn or FAISS is imported. They change no result, only when it is there.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from time import monotonic, sleep

import psutil

from harness.common.device import cpu_count

ASLEEP = {"OMP_WAIT_POLICY": "passive"}
"""OpenMP's own variable (specification 5.0, section 6.7): GNU's, LLVM's and Intel's runtimes."""
BRIEFLY = {"GOMP_SPINCOUNT": "2000"}
"""Some tens of microseconds: about what it takes to wake a thread that sleeps."""
SETTINGS = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
"""The variables by which a user may have said how threads wait."""
WINDOW = 0.05
"""Seconds for which a look at the cores lasts."""
SHARE = 0.25
"""Of a core: less in use by others is what any system does by itself."""


def settle_waiting(environment: MutableMapping[str, str] = os.environ) -> bool:
    """Choose how the threads of processes that begin from now on wait, by a short look at whether
    other programs have cores that they would need; whether that changed anything.

    A user's own setting stays, and so does sleep, once chosen: a machine that was busy may be
    again, and sleep costs little where it is not.
    """
    stands = {name: environment[name] for name in SETTINGS if name in environment}
    if stands not in ({}, BRIEFLY):
        return False
    chosen = ASLEEP if is_busy() else BRIEFLY
    if chosen == stands:
        return False
    for name in stands:
        del environment[name]
    environment.update(chosen)
    return True


def waiting(environment: MutableMapping[str, str] = os.environ) -> str | None:
    """What says how this process's threads wait, `NAME=value`; None where nothing does."""
    return " ".join(f"{name}={environment[name]}" for name in SETTINGS if name in environment
                    ) or None


def is_busy() -> bool:
    """Whether programs other than this one and what it started have a core that its threads need;
    no, where the system does not tell."""
    try:
        return cores_of_others(WINDOW) > cpu_count() - _threads() + SHARE
    except (OSError, psutil.Error):
        return False


def cores_of_others(window: float) -> float:
    """How many of this process's cores others use, on average over `window` seconds; what a virtual
    machine's host takes counts, too."""
    ours = psutil.Process()
    family = [ours, *ours.children(recursive=True)]
    began, idle, own = monotonic(), _idle(), _spent(family)
    sleep(window)
    seconds = monotonic() - began
    return max(0.0, cpu_count() - (_idle() - idle + _spent(family) - own) / seconds)


def _threads() -> int:
    """As many as OpenMP starts."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    return min(int(said), cpu_count()) if said.isdigit() and int(said) else cpu_count()


def _idle() -> float:
    """Seconds that the cores of this process did nothing, since the machine began."""
    cores = psutil.cpu_times(percpu=True)
    mine = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(len(cores))
    return sum((float(cores[core].idle) + float(getattr(cores[core], "iowait", 0.0))
                for core in mine if core < len(cores)), 0.0)


def _spent(family: list[psutil.Process]) -> float:
    """Seconds of processor time of those processes that still live."""
    total = 0.0
    for process in family:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total
