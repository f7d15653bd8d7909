"""Pictures as a model's inputs."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.backbones.encoding.padding import Padding
from harness.backbones.quiet import quietly
from harness.backbones.vision.prepared import Prepared, read_prepared
from harness.backbones.vision.variants import generator_of, variant
from harness.common.kinds import Augment
from harness.inputs.picture import Picture
from harness.tasks.examples import Item, picture_of

PATCH = 16
"""Side in pixels of what counts as a token of a model that has no patches."""


@dataclass(frozen=True)
class Shot:
    """A picture as it is read in one epoch: as it is, or changed at random."""

    picture: Picture
    how: Augment = "none"
    seed: str = ""


@dataclass(frozen=True)
class PictureProcessor:
    """Pictures through an image processor. All inputs are of one length."""

    prepared: Prepared
    patch: int
    """Side in pixels of a model's patches."""

    @cached_property
    def size(self) -> tuple[int, int]:
        """Height and width of what the model sees, in pixels."""
        return self.prepared.size

    def encode(self, items: Sequence[Item], longest: int) -> list[Any]:
        return [Shot(picture_of(item)) for item in items]

    def varied(self, inputs: Sequence[Any], how: Augment, seed: str) -> list[Any]:
        return [dataclasses.replace(shot, how=how, seed=seed) for shot in inputs]

    def lengths(self, inputs: Sequence[Any]) -> list[int]:
        high, wide = self.size
        return [max(1, high // self.patch) * max(1, wide // self.patch)] * len(inputs)

    def collate(self, inputs: Sequence[Any], padding: Padding, device: str
                ) -> Mapping[str, torch.Tensor]:
        pixels = self.prepared.batch([self._asked(shot) for shot in inputs])
        if device == "cuda":
            pixels = pixels.pin_memory()
        return {"pixel_values": pixels.to(device, non_blocking=True)}

    def trial(self, longest: int) -> list[Any]:
        return []

    def sample(self, device: str) -> dict[str, torch.Tensor]:
        shape = (1, 3, *self.size)
        return {"pixel_values": torch.linspace(-1, 1, math.prod(shape), device=device).view(shape)}

    def share_cut(self, items: Sequence[Item], longest: int) -> float:
        return 0.0

    def joined_to(self, model: Any) -> int:
        return 1 << 30

    def save(self, folder: Path) -> None:
        with quietly():
            self.prepared.reference.save_pretrained(folder)

    def _asked(self, shot: Shot) -> tuple[str | None, Callable[[], np.ndarray]]:
        if shot.how == "none":
            return shot.picture.identity, lambda: self.prepared.resized(shot.picture.pixels())
        return None, lambda: self._variant(shot)

    def _variant(self, shot: Shot) -> np.ndarray:
        chance = generator_of(shot.seed, shot.picture.identity)
        return variant(shot.picture.pixels(), shot.how, chance, self.size, self.prepared.resample,
                       self.prepared.resized)


def read_pictures(folder: Path) -> PictureProcessor:
    """The processor of a model's folder. Raises HarnessError as `read_prepared` does."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    patch = config.get("patch_size")
    return PictureProcessor(read_prepared(folder), patch if isinstance(patch, int) and patch > 0
                            else PATCH)
