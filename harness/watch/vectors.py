"""Texts of both sides as vectors: by the suite's embedder, or as TF-IDF where it has none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.feature_extraction.text import TfidfVectorizer

from harness.backbones.encoding.features import Embedder, FeatureStore
from harness.backbones.handle import get_embedder
from harness.common.cache import cache_folder
from harness.common.clock import Clock
from harness.common.device import Device
from harness.suite import LoadedSuite
from harness.tasks.examples import Item

COUNTED = "TF-IDF"


def vectors_of(loaded: LoadedSuite, before: Sequence[Item], now: Sequence[Item], max_length: int,
               device: Device) -> tuple[Any, str]:
    """The approved run's items and then the day's, [items, width], dense or sparse, and what made
    them. Only those of the approved run's items are kept in the cache."""
    handle = get_embedder(loaded)
    if handle is None:
        # Of both sides together: the words then say nothing of which side an item is on.
        made = TfidfVectorizer(sublinear_tf=True)
        return made.fit_transform([item.joined for item in (*before, *now)]), COUNTED
    featurizer = Embedder(handle, max_length, device).featurizer("alike")
    kept = FeatureStore(cache_folder() / "features").features(featurizer, before, Clock(), "watch")
    found = FeatureStore(None).features(featurizer, now, Clock(), "watch")
    return np.vstack([kept, found]).astype(float), handle.origin


def products(vectors: Any) -> np.ndarray:
    """Inner products, [items, items]."""
    found = vectors @ vectors.T
    return np.asarray(found.toarray() if issparse(found) else found, dtype=float)
