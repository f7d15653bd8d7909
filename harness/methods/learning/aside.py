"""A copy of the weights that learn, out of memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import torch
from torch import nn
from torch.distributed.tensor import DTensor

from harness.common.cache import cache_folder


class Aside:
    """In a file without a name in the cache folder: it is gone when this is, or the process."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(dir=cache_folder())  # noqa: SIM115  (as long as this)

    def put(self, model: nn.Module) -> None:
        """Copy what learns, in the place of what was there."""
        self._file.seek(0)
        for weight in _learning(model):
            self._file.write(weight.cpu().contiguous().view(-1).view(torch.uint8).numpy().data)

    def bring_back(self, model: nn.Module) -> None:
        """Give the model what was put aside of it."""
        self._file.seek(0)
        for weight in _learning(model):
            raw = bytearray(self._file.read(weight.nbytes))
            weight.copy_(torch.frombuffer(raw, dtype=weight.dtype).view(weight.shape))


def _learning(model: nn.Module) -> Iterator[torch.Tensor]:
    """The parameters that learn; of sharded ones this process's part."""
    for parameter in model.parameters():
        if parameter.requires_grad:
            own = parameter.detach()
            yield own.to_local() if isinstance(own, DTensor) else own
