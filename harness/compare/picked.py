"""How much too high the highest figure is for having been picked as the highest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.compare.kin import of_seeds
from harness.compare.pairs import Sample

DRAWN = 4000


def luck(samples: Sequence[Sample], way: float) -> float | None:
    """By how much the best of the methods' figures is better than its own truth, on average over
    studies like this; `way` is 1 where more is better, else -1.

    Of figures with errors that of several is picked which was lucky. Studies are drawn with the
    errors that this one has (of groups of items, which methods share, and of draws of their own),
    about figures that are drawn towards their mean by what errors add to their spread (as James and
    Stein's are), for as they are they lie further apart than the true ones do. 0 for one method,
    None where errors are not known.
    """
    if len(samples) < 2:
        return 0.0
    found = way * np.array([np.mean(sample.points) for sample in samples])
    moved = np.stack([sample.shifts for sample in samples])
    errors = moved @ moved.T + np.diag([of_seeds(s.points, s.kin)[0] for s in samples])
    if not np.isfinite(errors).all():
        return None
    true = _nearer(found, errors)
    values, vectors = np.linalg.eigh(errors)
    drawn = np.random.default_rng(0).normal(size=(DRAWN, len(samples)))
    # By the symmetric root, which is one whatever vectors are found of equal values.
    off = drawn @ (vectors * np.sqrt(np.clip(values, 0.0, None)) @ vectors.T)
    # Each with its opposite, so that luck that all share is none.
    off = np.concatenate([off, -off])
    picked = np.argmax(true + off, axis=1)
    return float(off[np.arange(len(off)), picked].mean())


def _nearer(found: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Figures about their mean without the part of their spread that is errors'."""
    apart = found - found.mean()
    by_errors = np.trace(errors) - errors.mean() * len(found)
    spread = float(apart @ apart)  # of figures within 1e-160 of each other it is 0 all the same
    kept = max(0.0, 1 - by_errors / spread) if spread > 0 else 0.0
    return np.asarray(found.mean() + kept**0.5 * apart)
