"""Retrieval: size and build time of the index, and how often neighbours share the label."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.common.clock import Clock
from harness.measure.part import RecordPart
from harness.methods.retriever import Retriever
from harness.tasks.examples import Example


class Retrieval(RecordPart):
    """Figures over the test items, for their k nearest indexed examples."""

    indexed: int
    index_bytes: int
    build_seconds: float
    """Adding the vectors to the index; computing them is in the cost's `encode` phase."""
    k: int
    same_label_hit_rate: float
    """Share of the items with at least one neighbour of their own class (recall at k)."""
    same_label_share: float
    """Mean share of an item's neighbours that have its class (precision at k)."""


def retrieval(retriever: Retriever, k: int, examples: Sequence[Example]) -> Retrieval:
    """Search for every example and compare the neighbours' classes with its own."""
    _, positions = retriever.search(examples, k, Clock())
    same = retriever.labels[positions] == np.array([e.label for e in examples])[:, None]
    return Retrieval(
        indexed=int(retriever.index.ntotal), index_bytes=retriever.bytes,
        build_seconds=retriever.build_seconds, k=int(same.shape[1]),
        same_label_hit_rate=float(same.any(axis=1).mean()), same_label_share=float(same.mean()),
    )
