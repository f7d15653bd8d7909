"""LoRA's layers with fewer steps on the way: PEFT's own results at the speed of the products.

PEFT adds `B(A(x)) * scaling` to a frozen layer's output in three passes over the output, and casts
the input twice. Here the second product adds to the output itself.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from peft.tuners.lora.layer import Linear
from torch import nn

from harness.common.kernels import kernels_on

QUANTISED = "peft.tuners.lora.bnb"
"""Where PEFT has the layers on quantised ones; imported where there are any."""


class DirectLora:
    """A LoRA layer of PEFT's; where it does plainly what the paper says, in two products less a
    copy."""

    def forward(self: Any, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """As PEFT's `Linear.forward`."""
        name = self._plain_adapter()
        if args or kwargs or name is None:
            result: torch.Tensor = super().forward(x, *args, **kwargs)  # type: ignore[misc]
            return result
        autocast = torch.is_autocast_enabled(x.device.type)
        x = x.to(torch.get_autocast_dtype(x.device.type) if autocast
                 else self.lora_A[name].weight.dtype)
        low, up = self.lora_A[name](x), self.lora_B[name].weight * self.scaling[name]
        result = self.base_layer(x)
        return torch.addmm(result.flatten(0, -2), low.flatten(0, -2).to(result.dtype),
                           up.to(result.dtype).t()).view(result.shape)

    def _plain_adapter(self: Any) -> str | None:
        """The one adapter that is active, where it has no variant, dropout or bias."""
        active = [name for name in self.active_adapters if name in self.lora_A]
        if self.disable_adapters or self.merged or len(active) != 1:
            return None
        name: str = active[0]
        dropout = self.lora_dropout[name]
        still = isinstance(dropout, nn.Identity) or not self.training
        up = self.lora_B[name]
        plain = name not in self.lora_variant and up.bias is None
        # Whoever watches the second product wants to see it done.
        return name if still and plain and not up._forward_hooks else None


def speed_up_lora(model: nn.Module) -> None:
    """Make the model's LoRA layers on linear layers direct, in place."""
    if not kernels_on():
        return
    held = vars(sys.modules[QUANTISED]) if QUANTISED in sys.modules else {}
    direct: dict[type[Any], type[Any]] = {
        kind: type(DirectLora.__name__, (DirectLora, kind), {"__module__": kind.__module__})
        for kind in (Linear, held.get("Linear4bit"), held.get("Linear8bitLt")) if kind is not None}
    for module in model.modules():
        if type(module) in direct and isinstance(module.get_base_layer(), nn.Linear):
            module.__class__ = direct[type(module)]
