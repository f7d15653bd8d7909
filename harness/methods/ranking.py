"""What ranks passages for items: a search, one that a cross-encoder puts in order, or the truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from harness.backbones.encoding.features import FeatureStore, Featurizer
from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.retrieval.rerank import Score
from harness.retrieval.searches import Embed, Search
from harness.retrieval.vectors import NONE, unit
from harness.tasks.examples import Item

Rank = Callable[[Sequence[Item], int, Clock], np.ndarray]
"""Places of the `k` best passages for each item, best first: [items, k], `NONE` where there are
fewer."""


@dataclass(frozen=True)
class Behind:
    """What a reranker stands behind."""

    rank: Rank
    depth: int
    """Passages that it puts in order."""


def by_search(search: Search) -> Rank:
    """By the items' texts."""
    return lambda items, k, clock: search.rank([item.text for item in items], k, clock)


def scores_by(featurizer: Featurizer, store: FeatureStore) -> Score:
    """How well passages answer, by a cross-encoder; its answers to the same pairs are kept."""
    def score(pairs: Sequence[tuple[str, str]], clock: Clock) -> np.ndarray:
        items = [Item(str(place), *pair) for place, pair in enumerate(pairs)]
        return store.features(featurizer, items, clock, "rerank")[:, 0]

    return score


@dataclass(frozen=True)
class Told:
    """The passages of the document that each item is about, by the cosine of their vectors."""

    documents: Mapping[str, str | None]
    """By item."""
    passages: pa.Table
    embed: Embed
    """Passages."""
    ask: Embed
    """Questions."""

    def rank(self, items: Sequence[Item], k: int, clock: Clock) -> np.ndarray:
        """See `Rank`. Raises CannotRunError for an item of which nothing is told."""
        unknown = next((item for item in items if item.id not in self.documents), None)
        if unknown is not None:
            raise CannotRunError(f"nothing tells which document '{unknown.text[:40]}' is about: "
                                 "`search: gold` is for items of the task alone")
        places = [self._places.get(self.documents[item.id], ()) for item in items]
        found = np.full((len(items), min(k, len(self.passages))), NONE)
        their = sorted({place for row in places for place in row})
        if not their:
            return found
        row_of = {place: row for row, place in enumerate(their)}
        vectors = unit(self.embed(self.passages["text"].take(pa.array(their)).to_pylist(), clock))
        asked = unit(self.ask([item.text for item in items], clock))
        for row, own in enumerate(places):
            cosines = vectors[[row_of[place] for place in own]] @ asked[row]
            nearest = np.argsort(-cosines, kind="stable")[: found.shape[1]]
            found[row, : len(nearest)] = np.array(own, dtype=int)[nearest]
        return found

    def most(self, items: Sequence[Item]) -> int:
        """Passages of the longest of the items' documents."""
        return max((len(self._places.get(self.documents[item.id], ())) for item in items),
                   default=0)

    @cached_property
    def _places(self) -> Mapping[str | None, list[int]]:
        """By document those of its passages."""
        found: dict[str | None, list[int]] = {}
        for place, document in enumerate(self.passages["document"].to_pylist()):
            found.setdefault(document, []).append(place)
        return found
