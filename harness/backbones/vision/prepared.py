"""Pixels as a model was trained to see them: resized, cut and normalised by its own processor."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.backbones.admission.image_processor import read_image_processor
from harness.common.device import cpu_count
from harness.common.errors import HarnessError

ROOM = 1 << 29
"""Bytes of prepared pictures that are kept from epoch to epoch."""
ON_COLOURS = ("do_rescale", "do_normalize", "include_top")
"""Steps of transformers' processors that change no size: the last one is EfficientNet's."""


@dataclass
class Prepared:
    """A folder's image processor. What it makes of a picture is kept in 8 bits before it is
    rescaled and normalised, which are done a batch at a time."""

    reference: Any
    _kept: OrderedDict[str, np.ndarray] = field(default_factory=OrderedDict)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of what a model sees."""
        height, width = self.resized(np.zeros((64, 64, 3), dtype=np.uint8)).shape[1:]
        return height, width

    @property
    def resample(self) -> int:
        """Pillow's number of the filter that it resizes by."""
        return int(self.reference.resample)

    def resized(self, pixels: np.ndarray) -> np.ndarray:
        """[3, height, width] uint8 of what a model sees of RGB [height, width, 3] uint8.

        Raises HarnessError for a processor that does more to a picture than resize and cut it.
        """
        without = {name: False for name in ON_COLOURS if hasattr(self.reference, name)}
        found = np.asarray(self._made(pixels, **without))
        if found.dtype != np.uint8:
            raise self._unknown("gives no 8 bits where it is not to change colours")
        return found

    def _made(self, pixels: np.ndarray, **without: bool) -> np.ndarray:
        found = self.reference(pixels, **without, input_data_format="channels_last",
                               return_tensors="np")
        return np.asarray(found["pixel_values"][0])

    def _unknown(self, what: str) -> HarnessError:
        return HarnessError(f"the image processor {type(self.reference).__name__} {what}",
                            "Name a model with a plain image processor.")

    @cached_property
    def _scale(self) -> tuple[torch.Tensor, torch.Tensor]:
        """By what the processor multiplies each colour's 8 bits, and what it adds: told by what it
        makes of pictures of one grey, whatever steps it has for that (EfficientNet's divides by
        the spread twice). Both [1, 3, 1, 1] fp32."""
        black, middle, white = (self._centre(grey) for grey in (0, 128, 255))
        scale, offset = (white - black) / 255, black
        if not np.allclose(offset + 128 * scale, middle, rtol=0, atol=1e-4):
            raise self._unknown("changes colours otherwise than by a factor and a summand")
        return tuple(torch.from_numpy(part).float().view(1, -1, 1, 1) for part in (scale, offset))

    def _centre(self, grey: int) -> np.ndarray:
        made = self._made(np.full((64, 64, 3), grey, dtype=np.uint8)).astype(np.float64)
        return made[:, made.shape[1] // 2, made.shape[2] // 2]

    def batch(self, wanted: Sequence[tuple[str | None, Callable[[], np.ndarray]]]
              ) -> torch.Tensor:
        """`pixel_values`, [pictures, 3, height, width] fp32. Of each picture what names it, None
        where it is not to be kept, and what gives it as `resized` does."""
        with ThreadPoolExecutor(cpu_count()) as pool:
            found = list(pool.map(self._one, wanted))
        return self._normalised(torch.from_numpy(np.stack(found)))

    def _one(self, wanted: tuple[str | None, Callable[[], np.ndarray]]) -> np.ndarray:
        name, make = wanted
        if name is None:
            return make()
        known = self._kept.get(name)
        if known is None:
            known = make()
            if (len(self._kept) + 1) * known.nbytes <= ROOM:
                self._kept[name] = known
        return known

    def _normalised(self, pixels: torch.Tensor) -> torch.Tensor:
        """As the processor rescales and normalises."""
        scale, offset = self._scale
        return pixels.float() * scale + offset


def read_prepared(folder: Path) -> Prepared:
    """The image processor of a model's folder. Raises HarnessError as `read_image_processor` does.
    """
    return Prepared(read_image_processor(folder))
