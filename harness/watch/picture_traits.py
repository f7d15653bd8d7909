"""What is compared of pictures: frozen features, sizes, and how bright they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.backbones.encoding.features import FeatureStore
from harness.backbones.handle import Handle, get_backbone
from harness.backbones.vision.features import picture_features
from harness.common.cache import cache_folder
from harness.common.capabilities import READS
from harness.common.clock import Clock
from harness.methods.picture_floors import colour_shares, described
from harness.study.assignment import Assignment
from harness.suite import LoadedSuite, Watch
from harness.tasks.examples import Item, picture_of
from harness.watch.traits import Trait

COLOURS = "shares of 64 colours"
GAP = ", Kolmogorov-Smirnov"


def picture_vectors(loaded: LoadedSuite, run: Assignment, before: Sequence[Item],
                    now: Sequence[Item]) -> tuple[np.ndarray, str]:
    """Features of the backbone that the approved run started from, as it is before any learning;
    of a run without one of the suite's first, and shares of colours where it has none. Only those
    of the approved run's items are kept in the cache."""
    handle = run.backbone or _first(loaded)
    if handle is None:
        return described(colour_shares, [*before, *now]), COLOURS
    featurizer = picture_features(handle, run.device)
    kept = FeatureStore(cache_folder() / "features").features(featurizer, before, Clock(), "watch")
    found = FeatureStore(None).features(featurizer, now, Clock(), "watch")
    both = np.vstack([kept, found]).astype(float)
    # Of length one, so that no few large numbers decide what is near.
    return both / np.linalg.norm(both, axis=1, keepdims=True).clip(1e-12), handle.origin


def picture_traits(run: Assignment, items: Sequence[Item], policy: Watch) -> tuple[Trait, ...]:
    """By their number of pixels, and by the mean of their grey."""
    pictures = [picture_of(item) for item in items]
    sizes = np.array([one.width * one.height for one in pictures], dtype=float)
    bright = described(_brightness, items)[:, 0]
    return (Trait("sizes", "how far the numbers of pixels moved" + GAP, policy.sizes_moved_from,
                  sizes),
            Trait("brightness", "how far the pictures' brightness moved" + GAP,
                  policy.brightness_moved_from, bright))


def _brightness(pixels: np.ndarray) -> np.ndarray:
    """Mean luma (ITU-R BT.601), 0 to 255: [1]."""
    return np.array([pixels.reshape(-1, 3).mean(axis=0) @ (0.299, 0.587, 0.114)])


def _first(loaded: LoadedSuite) -> Handle | None:
    """The suite's first backbone that reads its items."""
    name = next((name for name, spec in loaded.suite.weights.items()
                 if READS[spec.used_as] == loaded.suite.task.input), None)
    return None if name is None else get_backbone(loaded, name)
