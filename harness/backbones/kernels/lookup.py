"""Embeddings on a CPU whose gradient is added where it belongs.

torch makes a gradient as large as the whole table in every pass: for MiniLM 47 MB of zeros for some
thousand rows, a sixth of a training step (`benchmarks/training.py`). Here the rows that were read
are added to one table, which is kept from step to step.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from harness.common.kernels import kernels_on


class AddingEmbedding(nn.Embedding):
    """`nn.Embedding` that adds to its weight's `grad` itself, row by row."""

    _kept: torch.Tensor | None = None

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """As `nn.Embedding.forward`."""
        if not (self.training and torch.is_grad_enabled() and self.weight.requires_grad):
            return super().forward(ids)
        rows: torch.Tensor = _Lookup.apply(self.weight, ids, self)
        return rows

    def train(self, mode: bool = True) -> AddingEmbedding:
        """As `nn.Module.train`; a model that does not learn needs no gradient's memory."""
        if not mode:
            self._kept = None
        super().train(mode)
        return self

    def add(self, ids: torch.Tensor, gradient: torch.Tensor) -> None:
        """Add the gradient of rows read, [..., width], to the weight's."""
        if self.weight.grad is None:
            self.weight.grad = self._zeros()
        rows = gradient.reshape(-1, gradient.shape[-1]).to(self.weight.grad.dtype)
        flat = ids.reshape(-1)
        if self.padding_idx is not None:
            rows = rows * (flat != self.padding_idx)[:, None]
        self.weight.grad.index_add_(0, flat, rows)

    def _zeros(self) -> torch.Tensor:
        if self._kept is None or self._kept.shape != self.weight.shape:
            self._kept = torch.zeros_like(self.weight)
            return self._kept
        return self._kept.zero_()


class _Lookup(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: torch.Tensor, ids: torch.Tensor, embedding: AddingEmbedding
                ) -> torch.Tensor:
        ctx.embedding = embedding
        ctx.save_for_backward(ids)
        return nn.functional.embedding(ids, weight)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[None, None, None]:
        ctx.embedding.add(*ctx.saved_tensors, gradients[0])
        return None, None, None


def add_gradients_by_row(model: nn.Module) -> None:
    """Make the model's plain embeddings `AddingEmbedding`, in place, where the model lies on a CPU;
    parameters stay the same ones."""
    if not kernels_on():
        return
    for module in model.modules():
        plain = type(module) is nn.Embedding and module.max_norm is None
        if plain and not module.scale_grad_by_freq and not module.sparse:
            module.__class__ = AddingEmbedding
