"""What a GPU used of power while something was done, by NVIDIA's management library (NVML)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

from harness.common.device import Device, settle
from harness.measure.part import RecordPart

PERIOD = 0.25
"""Seconds between two looks at how busy the board is; NVML's own figure is over 1/6 s to 1 s."""


class Energy(RecordPart):
    """Of the whole board, whatever else runs on it, idle power included."""

    joules: float
    """Difference of the board's own counter."""
    busy: float | None
    """Share of time in which the board computed, 0 to 1: mean of samples; None without any."""
    board: str


class Board(Protocol):
    """A GPU as NVML shows it."""

    @property
    def name(self) -> str:
        """The model."""

    def millijoules(self) -> int:
        """Energy used since the driver was loaded."""

    def percent_busy(self) -> int:
        """Share of NVML's last period in which a kernel ran, 0 to 100."""


@dataclass
class NvmlBoard:
    """A board by `nvidia-ml-py`."""

    nvml: ModuleType
    handle: Any

    @property
    def name(self) -> str:
        return str(self.nvml.nvmlDeviceGetName(self.handle))

    def millijoules(self) -> int:
        return int(self.nvml.nvmlDeviceGetTotalEnergyConsumption(self.handle))

    def percent_busy(self) -> int:
        return int(self.nvml.nvmlDeviceGetUtilizationRates(self.handle).gpu)


@dataclass
class Meter:
    """What was read once the work is done, with notes for whoever misses it."""

    energy: Energy | None = None
    notes: tuple[str, ...] = ()


def find_board(device: Device) -> Board | str | None:
    """The board that torch calls `cuda:0`, or why it cannot be read; None without a GPU.

    Found by torch's name for it, since `CUDA_VISIBLE_DEVICES` gives torch an order of its own.
    Boards older than Volta count no energy.
    """
    if device.type != "cuda":
        return None
    if device.together > 1:
        return "energy was not measured: several boards learned together"
    try:
        import pynvml
    except ImportError:
        return "energy was not measured: nvidia-ml-py is not installed (the extra `cuda`)"
    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{_uuid()}")
        board = NvmlBoard(pynvml, handle)
        board.millijoules()
    except pynvml.NVMLError as error:
        return f"energy was not measured: NVML says {error}"
    return board


@contextmanager
def metered(board: Board | str | None, period: float = PERIOD) -> Iterator[Meter]:
    """Read the board before and after the block, and how busy it is meanwhile."""
    meter = Meter()
    if board is None or isinstance(board, str):
        meter.notes = (board,) if board else ()
        yield meter
        return
    samples: list[int] = []
    over = threading.Event()
    watcher = threading.Thread(target=_sample, args=(board, samples, over, period), daemon=True)
    settle()
    start = board.millijoules()
    watcher.start()
    try:
        yield meter
        settle()
    finally:
        over.set()
        watcher.join()
    busy = sum(samples) / len(samples) / 100 if samples else None
    try:
        joules = (board.millijoules() - start) / 1000
        meter.energy = Energy(joules=joules, busy=busy, board=board.name)
    except Exception as error:  # the work is done: it stands without this figure
        meter.notes = (f"energy was not measured: NVML says {error}",)


def _sample(board: Board, samples: list[int], over: threading.Event, period: float) -> None:
    while not over.wait(period):
        try:
            samples.append(board.percent_busy())
        except Exception:  # NVML may have no such figure for a board: energy is worth having alone
            return


def _uuid() -> str:
    import torch

    return str(torch.cuda.get_device_properties(0).uuid)
