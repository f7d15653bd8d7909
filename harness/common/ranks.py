"""The processes that learn one run together, one a device, as `accelerate launch` starts them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from harness.common.device import Device
from harness.common.errors import HarnessError

if TYPE_CHECKING:
    import torch

Value = TypeVar("Value")
UNSUPPORTED = {"FSDP_OFFLOAD_PARAMS": "fsdp_offload_params",
               "FSDP_ACTIVATION_CHECKPOINTING": "fsdp_activation_checkpointing"}
"""What a configuration of accelerate may ask for and this training loop does not do."""


@dataclass(frozen=True)
class Ranks:
    """One process of `size`. Each has the whole run's items and settings, and the same seed."""

    rank: int = 0
    size: int = 1
    sharded: bool = False
    """Whether weights, gradients and the optimizer's state are spread over the processes (FSDP)."""

    def share(self, items: Sequence[int]) -> list[int]:
        """This process's part of what is dealt to all."""
        return list(items[self.rank::self.size])

    def add_up(self, tensor: torch.Tensor) -> torch.Tensor:
        """The sum over all processes, written into the tensor."""
        if self.size > 1:
            import torch

            torch.distributed.all_reduce(tensor)
        return tensor

    def first(self, value: Value) -> Value:
        """The first process's value: what all decide by."""
        if self.size == 1:
            return value
        from accelerate.utils import broadcast_object_list

        told: list[Value] = broadcast_object_list([value])
        return told[0]


ALONE = Ranks()


def join(device: Device) -> Ranks:
    """Meet the other processes that `accelerate launch` started; its configuration is in the
    environment. Raises HarnessError for what it asks and is not done here."""
    from accelerate import PartialState

    for name, field in UNSUPPORTED.items():
        if device.sharded and os.environ.get(name, "false").lower() in ("true", "1", "yes"):
            raise HarnessError(f"{field}: true is not supported", "Set it to false.")
    if device.sharded and os.environ.get("FSDP_VERSION", "2") != "2":
        raise HarnessError("fsdp_version: 1 is not supported", "Set it to 2.")
    # Else transformers would give all processes but the first a model without weights.
    os.environ["FSDP_CPU_RAM_EFFICIENT_LOADING"] = "false"
    state = PartialState(cpu=device.type == "cpu")
    return Ranks(state.process_index, state.num_processes, device.sharded)
