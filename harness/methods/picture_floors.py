"""Floors that need no backbone: what colours a picture has, and a few of its pixels."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from harness.common.clock import Clock
from harness.common.device import cpu_count
from harness.methods.fitted import Fit, Fitted
from harness.methods.job import Job
from harness.methods.learning.balance import LINEAR, LinearOptions, balance_of, weights_for
from harness.methods.linear import LinearHead, fit_standardised, strengths
from harness.methods.link import LINKS
from harness.methods.method import METHODS, Method, Setting
from harness.methods.needs import Needs
from harness.methods.work import Work
from harness.tasks.examples import Item, picture_of, targets_of

LEVELS, SIDE = 4, 16
Describe = Callable[[np.ndarray], np.ndarray]
"""Of RGB [height, width, 3] uint8 a vector of numbers."""


def colour_shares(pixels: np.ndarray) -> np.ndarray:
    """Square roots of the shares of pixels in 4 × 4 × 4 cells of red, green and blue, [64]: the
    distance of two is Hellinger's."""
    cells = pixels.reshape(-1, 3).astype(np.int64) * LEVELS // 256
    places = cells @ (LEVELS**2, LEVELS, 1)
    counts = np.bincount(places, minlength=LEVELS**3)
    return np.asarray(np.sqrt(counts / len(places)))


def few_pixels(pixels: np.ndarray) -> np.ndarray:
    """The picture at 16 × 16, each pixel the mean of those that it covers, [768], 0 to 1."""
    small = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small, dtype=float).ravel() / 255


@dataclass(frozen=True)
class PictureFloor:
    """Vectors of pictures under a linear head."""

    describe: Describe
    head: LinearHead

    @property
    def parameters(self) -> tuple[int, int]:
        return self.head.size, self.head.size

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        with clock.phase("predict"):
            return self.head.predict(described(self.describe, items))

    def save(self, folder: Path) -> None:
        self.head.save(folder)


def described(describe: Describe, items: Sequence[Item]) -> np.ndarray:
    """Vectors of the items' pictures, [items, width]. Raises CannotRunError where one has none."""
    with ThreadPoolExecutor(cpu_count()) as pool:
        return np.stack(list(pool.map(lambda item: describe(picture_of(item).pixels()), items)))


class _Floor(Method):
    family = "floor"
    needs = Needs(classes=(), numbers=(), alone=True, inputs=("image",))
    random = False
    options_type = LinearOptions
    balances = LINEAR

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.balance = self.options.balance

    @staticmethod
    @abstractmethod
    def describe(pixels: np.ndarray) -> np.ndarray:
        """See `Describe`."""

    def settings(self, job: Job) -> list[Setting]:
        return [{"C": c} for c in strengths(job, 0.1)]

    def fit(self, job: Job, setting: Setting) -> Fit:
        with job.clock.phase("fit"):
            x = described(self.describe, job.train)
            head = fit_standardised(x, targets_of(job.train, job.classes), float(setting["C"]),
                                    LINKS[job.task.kind],
                                    weights_for(balance_of(setting, self), job))
        return Fit(PictureFloor(self.describe, head))

    def work(self, job: Job, setting: Setting) -> Work:
        return Work(fitted=len(job.train))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        return PictureFloor(self.describe, LinearHead.load(folder, LINKS[job.task.kind]))


@METHODS.register("colours")
class Colours(_Floor):
    """Logistic regression on shares of colours: what is told without any shape."""

    name, summary = "colours", "shares of 64 colours, logistic regression"
    describe = staticmethod(colour_shares)


@METHODS.register("pixels")
class Pixels(_Floor):
    """Logistic regression on the picture at 16 × 16 pixels."""

    name, summary = "pixels", "the picture at 16 × 16 pixels, logistic regression"
    describe = staticmethod(few_pixels)
