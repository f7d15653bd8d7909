"""What this machine computes with: device, autocast dtype, threads."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.common.kernels import kernels_on


@dataclass(frozen=True)
class Device:
    """Where the arithmetic happens. `autocast` is `bf16` or `no`."""

    type: str
    name: str
    autocast: str
    threads: int
    together: int = 1
    """How many such devices learn a run together."""
    sharded: bool = False
    """Whether each of them holds but a part of the weights while it learns (FSDP)."""
    kernels: bool = True
    """Whether it computes by `backbones.kernels`."""

    @property
    def products(self) -> Any:
        """torch's type that matrices are multiplied in."""
        import torch

        return torch.float32 if self.autocast == "no" else torch.bfloat16

    def autocast_context(self) -> AbstractContextManager[Any]:
        """bf16 autocast where the hardware has bf16 arithmetic, else nothing."""
        import torch

        if self.autocast == "no":
            return nullcontext()
        context: AbstractContextManager[Any] = torch.autocast(self.type, dtype=torch.bfloat16)
        return context

    def without_autocast(self) -> AbstractContextManager[Any]:
        """A backward pass inside an autocast block: it has its dtypes from the forward pass."""
        import torch

        context: AbstractContextManager[Any] = torch.autocast(self.type, enabled=False)
        return context


def settle() -> None:
    """Wait for what this process has given a GPU to do, so that a clock read now counts it.

    Nothing where no GPU is in use: torch that is not imported, or has not begun with CUDA.
    """
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.synchronize()


UNREPEATABLE = "does not have a deterministic implementation"
"""What torch says of an operation without a repeatable form, where it must have one."""


@contextmanager
def repeatable_gradients(device: Device) -> Iterator[None]:
    """Within, torch refuses what has no repeatable form, by a RuntimeError, and does not only warn.

    Its attention kernels have one, for gradients, and take it only then.
    """
    import torch

    if device.type != "cuda" or not torch.is_deterministic_algorithms_warn_only_enabled():
        yield
        return
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(True, warn_only=True)


def make_repeatable(device: Device) -> None:
    """Have CUDA choose algorithms that give the same bits each time, before it is first used.

    Where an operation has none, torch warns and goes on. On a CPU nothing is left to choose.
    """
    if device.type != "cuda":
        return
    import torch

    # cuBLAS reads it when its first handle is made (NVIDIA's manual, "Results Reproducibility").
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Else every new tensor is filled first, by a kernel of its own; nothing here reads what it has
    # not written.
    torch.utils.deterministic.fill_uninitialized_memory = False


def cpu_name() -> str:
    """The processor's model name and core count, as the operating system gives it."""
    info = Path("/proc/cpuinfo")
    names = [
        line.split(":", 1)[1].strip()
        for line in (info.read_text(encoding="utf-8").splitlines() if info.exists() else [])
        if line.startswith("model name")
    ]
    return f"{names[0] if names else platform.processor() or 'cpu'} x{cpu_count()}"


def cpu_count() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def detect() -> Device:
    """The device of this process: CUDA when there is one, else the CPU.

    bf16 counts only where the hardware multiplies in bf16: a CPU without AVX512-BF16 or AMX
    emulates it at about a quarter of its fp32 speed.
    """
    import torch

    if torch.cuda.is_available():
        autocast = "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "no"
        return Device("cuda", torch.cuda.get_device_name(0), autocast, torch.get_num_threads(),
                      kernels=kernels_on())
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return Device("cpu", cpu_name(), "bf16" if native else "no", torch.get_num_threads(),
                  kernels=kernels_on())
