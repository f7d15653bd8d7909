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
from harness.backbones.vision.stated import CLOSE, NUMBERS, processed, scale_of
from harness.common.device import cpu_count
from harness.common.errors import HarnessError
from harness.inputs.picture_time import part, read_anew

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
        """[3, height, width] uint8 of what a model sees of RGB [height, width, 3] uint8."""
        without = {name: False for name in ON_COLOURS if hasattr(self.reference, name)}
        with part("resize"):
            found = self.reference(pixels, **without, input_data_format="channels_last",
                                   return_tensors="np")
        return np.asarray(found["pixel_values"][0])

    def batch(self, wanted: Sequence[tuple[str | None, Callable[[], np.ndarray]]]
              ) -> torch.Tensor:
        """`pixel_values`, [pictures, 3, height, width] fp32. Of each picture what names it, None
        where it is not to be kept, and what gives it as `resized` does."""
        with ThreadPoolExecutor(cpu_count()) as pool:
            found = list(pool.map(self._one, wanted))
        return self._normalised(torch.from_numpy(np.stack(found)))

    def _one(self, wanted: tuple[str | None, Callable[[], np.ndarray]]) -> np.ndarray:
        name, make = wanted
        if name is None or read_anew():
            return make()
        known = self._kept.get(name)
        if known is None:
            known = make()
            if (len(self._kept) + 1) * known.nbytes <= ROOM:
                self._kept[name] = known
        return known

    def _normalised(self, pixels: torch.Tensor) -> torch.Tensor:
        """As the processor rescales and normalises, whatever it has for that."""
        multiply, add = self._scale
        return pixels.float() * multiply + add

    @cached_property
    def _scale(self) -> tuple[torch.Tensor, torch.Tensor]:
        found = scale_of(self.reference)
        multiply, add = (torch.tensor(found[name], dtype=torch.float32).view(1, -1, 1, 1)
                         for name in NUMBERS)
        return multiply, add


def read_prepared(folder: Path) -> Prepared:
    """The image processor of a model's folder. Raises HarnessError as `read_image_processor` does,
    and for one that does more than resize, cut, and multiply and add to each colour."""
    found = Prepared(read_image_processor(folder))
    pixels = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    own = processed(found.reference, [pixels])
    ours = found.batch([(None, lambda: found.resized(pixels))]).numpy()
    if own.shape != ours.shape or np.abs(own - ours).max() > CLOSE:
        raise HarnessError(f"{folder.name}: {type(found.reference).__name__} does more to pixels "
                           "than to resize, cut, multiply and add", "Use a model with another "
                           "image processor.")
    return found
