"""A model whose weights are spread over processes while it learns (FSDP2, torch's fully_shard)."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from harness.backbones.blocks import transformer_blocks
from harness.backbones.traits import prompt_learner
from harness.common.errors import CannotRunError
from harness.common.ranks import Ranks


@contextmanager
def spread(model: nn.Module, ranks: Ranks, device: str) -> Iterator[None]:
    """In the block each process holds a part of every weight, gradient and optimizer state, and the
    whole weights of what computes just now; afterwards each holds all weights again, in the same
    parameters as before.

    Gradients are summed over processes. Nothing happens where the ranks are not sharded. Raises
    CannotRunError for a model whose parts are called apart from it.
    """
    if not ranks.sharded:
        yield
        return
    _refuse(model)
    before = [_Whole.of(module) for module in model.modules()]
    mesh = init_device_mesh(device, (ranks.size,))
    for part in (*transformer_blocks(model), model):
        # The root too, so that weights are whole in a forward or backward pass alone.
        sharded = fully_shard(part, mesh=mesh, reshard_after_forward=True)
        sharded.set_gradient_divide_factor(1.0)
        sharded.set_force_sum_reduction_for_comms(True)
    for whole in before:
        whole.release()
    yield
    for whole in before:
        whole.come_back()


def _refuse(model: nn.Module) -> None:
    if prompt_learner(model):
        raise CannotRunError("virtual tokens are read apart from the model, so its weights cannot "
                             "be sharded: use data parallelism")
    if hasattr(model, "update_and_allocate"):
        raise CannotRunError("AdaLoRA shares out ranks by whole gradients, so its weights cannot "
                             "be sharded: use data parallelism")


@dataclass(frozen=True)
class _Whole:
    """A module as it was before its parameters were sharded: fully_shard has no way back."""

    module: nn.Module
    kind: type[nn.Module]
    hooks: dict[str, Any]
    parameters: dict[str, nn.Parameter]

    @classmethod
    def of(cls, module: nn.Module) -> _Whole:
        hooks = {name: copy.copy(value) for name, value in vars(module).items()
                 if "_hooks" in name}
        return cls(module, type(module), hooks,
                   dict(module.named_parameters(recurse=False, remove_duplicate=False)))

    def release(self) -> None:
        """Let go of the memory of what is now in shards."""
        for parameter in self.parameters.values():
            parameter.data = parameter.data.new_empty(0)

    def come_back(self) -> None:
        """Gather the shards into the parameters of before; all processes must."""
        for name, parameter in self.parameters.items():
            shard = getattr(self.module, name)
            if isinstance(shard, DTensor) and not parameter.numel():  # a tied one is gathered once
                with torch.no_grad():
                    parameter.data = shard.full_tensor()
        self.module.__class__ = self.kind
        vars(self.module).update(self.hooks)
        for name, parameter in self.parameters.items():
            setattr(self.module, name, parameter)
