"""Which tensors are alive at once while some code runs, and how many kernels it starts."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class Live(TorchDispatchMode):
    """Bytes of the tensors that code in the block makes and holds, as torch's own MemTracker
    counts them: by storage, from creation to release. Tensors in `before` are not counted; scratch
    space inside a kernel is not seen."""

    def __init__(self, before: Iterable[torch.Tensor]) -> None:
        super().__init__()
        self.bytes = 0
        self.peak = 0
        self.operations = 0
        """Calls that computed something: made a tensor or changed one."""
        self._sizes = {_name(tensor): 0 for tensor in before}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        tensors = [t for t in (made if isinstance(made, list | tuple) else (made,))
                   if isinstance(t, torch.Tensor)]
        new = [tensor for tensor in tensors if _name(tensor) not in self._sizes]
        for tensor in new:
            self._hold(tensor)
        self.operations += bool(new) or func._schema.is_mutable
        return made

    def _hold(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        name, size = _name(tensor), storage.nbytes()
        if name in self._sizes:
            return
        self._sizes[name] = size
        self.bytes += size
        self.peak = max(self.peak, self.bytes)
        weakref.finalize(storage, self._release, name)

    def _release(self, name: int) -> None:
        self.bytes -= self._sizes.pop(name, 0)


def _name(tensor: torch.Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)
