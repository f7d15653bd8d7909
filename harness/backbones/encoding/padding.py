"""How a model's batches are padded, so that an item alone is the item in a batch.

A tokenizer's own side says nothing of that: a model that counts positions from the first place of a
row wants its padding on the right, XLNet's head reads the last place, and some models mix padding
into the text whatever they are told of it. So it is tried on the model as it stands, adapter and
head included.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Literal, TypeVar

import torch

from harness.backbones.batches import of_one_length
from harness.backbones.prompting.scoring_check import FAULTS

APART = 1e-4
"""The largest distance between an item's vectors in fp32, alone and in a batch, as a share."""
Item = TypeVar("Item")


class Padding(StrEnum):
    """Where a batch is padded; `NONE` where only items of one length may share a batch."""

    RIGHT = "right"
    LEFT = "left"
    NONE = "none"

    @property
    def side(self) -> Literal["right", "left"]:
        """As tokenizers call it."""
        return "left" if self is Padding.LEFT else "right"

    def cut(self, batches: Sequence[list[int]], lengths: Sequence[int]) -> list[list[int]]:
        """Batches sorted by length, cut into those that may be padded."""
        return of_one_length(batches, lengths) if self is Padding.NONE else list(batches)

    def real(self, lengths: Sequence[int]) -> torch.Tensor:
        """Which places of a padded batch hold tokens, [items, longest] bool."""
        places, counts = torch.arange(max(lengths)), torch.tensor(lengths)[:, None]
        if self is Padding.LEFT:
            places = places.flip(0)
        return places < counts


Compute = Callable[[Sequence[Item], Padding], torch.Tensor]
"""What is made of items in one batch: [items, width]."""


def find_padding(items: Sequence[Item], compute: Compute[Item]) -> Padding:
    """The first way of padding by which items of several lengths, the longest last, are computed in
    a batch as they are alone. Where none of them can be computed alone, or one is made of numbers
    that are not finite, there is nothing to choose by: whoever asks for answers hears of it. Nor is
    there without items, of a model whose inputs are all of one length.
    """
    if not items:
        return Padding.RIGHT
    with torch.random.fork_rng(), torch.no_grad():
        try:
            alone = torch.cat([compute([item], Padding.RIGHT) for item in items[:-1]])
        except FAULTS:
            return Padding.RIGHT
        if not alone.isfinite().all():
            return Padding.RIGHT
        sides = (Padding.RIGHT, Padding.LEFT)
        return next((side for side in sides if _same(alone, items, side, compute)), Padding.NONE)


def _same(alone: torch.Tensor, items: Sequence[Item], side: Padding, compute: Compute[Item]
          ) -> bool:
    try:
        apart = (compute(items, side)[:-1] - alone).norm(dim=1)
    except FAULTS:  # BART's classifier wants as many end tokens in each row
        return False
    # Vectors of zeros, of a head that has learned nothing, tell of no side.
    size = alone.norm(dim=1)
    return bool(((apart <= APART * size) & (size > 0)).all())
