"""Weights that an embedder has learned, in the place of those that it came with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

FILE = "embedder.safetensors"


@dataclass(frozen=True)
class Learned:
    """Parameters by name, on the CPU."""

    weights: Mapping[str, Tensor]

    @cached_property
    def sha256(self) -> str:
        """Over names, types, shapes and bytes: what a file of them says, wherever it lies."""
        digest = hashlib.sha256()
        for name, weight in sorted(self.weights.items()):
            digest.update(f"{name} {weight.dtype} {tuple(weight.shape)}\n".encode())
            digest.update(weight.contiguous().view(-1).view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(weight.numel() for weight in self.weights.values())

    def save(self, folder: Path) -> None:
        """Write `embedder.safetensors`."""
        save_file(dict(self.weights), folder / FILE)


def learned_by(model: nn.Module) -> Learned:
    """A copy of the parameters of a model that learn."""
    return Learned({name: parameter.detach().to("cpu", copy=True).contiguous()
                    for name, parameter in model.named_parameters() if parameter.requires_grad})


def read_learned(folder: Path) -> Learned:
    """What `Learned.save` wrote."""
    return Learned(load_file(folder / FILE))


def put_into(model: nn.Module, learned: Learned) -> None:
    """Give a model weights that another of its kind has learned. Raises RuntimeError for a name or
    a shape that it does not have."""
    unknown = model.load_state_dict(dict(learned.weights), strict=False).unexpected_keys
    if unknown:
        raise RuntimeError(f"the embedder has no parameter '{unknown[0]}'")
