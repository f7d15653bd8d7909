"""Linear layers that keep the lower-precision copy of their weight while it does not change.

Autocast casts a weight anew in every pass where no gradient is asked of it: for one text, reading
135 M fp32 parameters takes as long as the arithmetic. The copy is the one that autocast would
make, so results are the same bit for bit.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import linear

from harness.common.kernels import kernels_on


class CastOnce(nn.Linear):
    """`nn.Linear` whose weight is cast once for every state it is in."""

    _kept: tuple[tuple[int, int], torch.Tensor] | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """As `nn.Linear.forward`."""
        if self.weight.requires_grad and (self.training or torch.is_grad_enabled()):
            # A fused optimizer's step changes the weight and not its version.
            self._kept = None
            return linear(x, self.weight, self.bias)
        if not torch.is_autocast_enabled(x.device.type):
            return linear(x, self.weight, self.bias)
        return linear(x, self._cast(torch.get_autocast_dtype(x.device.type)), self.bias)

    def _cast(self, dtype: torch.dtype) -> torch.Tensor:
        if self.weight.dtype == dtype or self.weight.is_inference():
            return self.weight.detach()  # a product that asks for no gradient is another one
        state = (self.weight.data_ptr(), self.weight._version)
        if self._kept is None or self._kept[0] != state or self._kept[1].dtype != dtype:
            # A tensor that inference mode makes could not be used when gradients are wanted.
            with torch.inference_mode(False), torch.no_grad():
                self._kept = (state, self.weight.detach().to(dtype))
        return self._kept[1]


def cast_once(model: nn.Module) -> None:
    """Make the model's plain linear layers `CastOnce`, in place; parameters stay the same ones."""
    if not kernels_on():
        return
    for module in model.modules():
        if type(module) is nn.Linear:
            module.__class__ = CastOnce
