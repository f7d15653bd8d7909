"""Retrieval: size and build time of an index, and how often it finds what an item needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.common.clock import Clock
from harness.measure.generation import unanswerable
from harness.measure.part import RecordPart
from harness.methods.fitted import Finds, Retrieving
from harness.suite.corpus import Chunk
from harness.tasks.examples import Example, indicator, weights_of
from harness.tasks.task import Task
from harness.tasks.wording import Wording

if TYPE_CHECKING:
    from harness.methods.open_book import PassageRetriever
    from harness.methods.retriever import Retriever

DEPTHS = (1, 3, 5, 10)


class OwnNeighbours(RecordPart):
    """What was found by the embedder's own weights, before they were tuned, over the test items."""

    same_label_hit_rate: float | None
    same_label_share: float | None


class Retrieval(RecordPart):
    """Figures over the test items, for their k nearest indexed examples."""

    indexed: int
    index_bytes: int
    build_seconds: float
    """Adding the vectors to the index; computing them is in the cost's `encode` phase."""
    k: int
    same_label_hit_rate: float | None
    """Share of the items with at least one neighbour of their own class (recall at k). Of several
    classes one is enough; items without any are alike. None where there
    are no classes."""
    same_label_share: float | None
    """Mean share of an item's neighbours that have its class, likewise (precision at k)."""
    indexed_sha256: str | None = None
    """Over the ids of what is indexed, in its order; None in older records."""
    prompt: str = ""
    """What stands in front of every item and every indexed example as they are encoded."""
    untuned: OwnNeighbours | None = None
    """Where a retriever was tuned, what stood there before."""


def retrieval(retriever: Retriever, k: int, examples: Sequence[Example]) -> Retrieval:
    """Search for every example and compare the neighbours' classes with its own."""
    _, positions = retriever.search(examples, k, Clock())
    hits, share = _same_label(retriever.targets, positions, examples)
    return Retrieval(
        indexed=int(retriever.index.ntotal), index_bytes=retriever.bytes,
        build_seconds=retriever.build_seconds, k=int(positions.shape[1]),
        same_label_hit_rate=hits, same_label_share=share,
        indexed_sha256=retriever.ids_sha256, prompt=retriever.featurizer.prompt,
        untuned=_own_neighbours(retriever, k, examples))


def _own_neighbours(retriever: Retriever, k: int, examples: Sequence[Example]
                    ) -> OwnNeighbours | None:
    if retriever.before is None:
        return None
    _, positions = retriever.before().search(examples, k, Clock())
    hits, share = _same_label(retriever.targets, positions, examples)
    return OwnNeighbours(same_label_hit_rate=hits, same_label_share=share)


def _same_label(targets: np.ndarray, positions: np.ndarray, examples: Sequence[Example]
                ) -> tuple[float | None, float | None]:
    """Hit rate and share of neighbours with an item's class; None for numbers."""
    same = _alike(targets, positions, examples)
    if same is None:
        return None, None
    return _mean(np.asarray(same.any(axis=1)), examples), _mean(same.mean(axis=1), examples)


def _alike(targets: np.ndarray, positions: np.ndarray, examples: Sequence[Example]
           ) -> np.ndarray | None:
    """Whether each neighbour shares a class with its item, [items, k] bool; None for numbers."""
    if targets.dtype != bool:
        return None
    own, theirs = indicator(examples, targets.shape[1])[:, None], targets[positions]
    neither = ~(theirs.any(axis=2) | own.any(axis=2))
    return np.asarray(np.logical_or((theirs & own).any(axis=2), neither))


class Reranking(RecordPart):
    """What a search found before a cross-encoder put it in order, over the test items. What that
    takes is the phase `rerank` of the run's cost and latency."""

    depth: int
    """Passages that it put in order."""
    recall: dict[int, float] | None
    mrr: float | None
    answer_share: float | None


class Chunking(RecordPart):
    """How documents are cut into passages, in words."""

    words: int
    overlap: int


class OwnSearch(RecordPart):
    """What the same search found by the embedder's own weights, before they were tuned, over the
    test items, without a reranker."""

    recall: dict[int, float] | None
    mrr: float | None
    answer_share: float | None


class PassageRetrieval(RecordPart):
    """Figures of a search over the passages of a corpus, over the test items."""

    index: str
    indexed: int
    index_bytes: int
    build_seconds: float
    """Encoding and indexing the documents that were there from the first, nothing shared."""
    update_passages: int
    """Passages of new documents, added to the index afterwards."""
    update_seconds: float
    """Encoding and adding them, nothing shared."""
    k: int
    recall: dict[int, float] | None
    """At depths 1, 3, 5, 10: share of the questions with a passage of their document among so
    many, of those that name one. None where none does."""
    mrr: float | None
    """Mean over the same questions of 1 / rank of the first such passage among 10, 0 without one.
    """
    answer_share: float | None
    """Share of the questions with a whole reference answer, word for word, in one of k passages;
    None where items are answered otherwise."""
    questions: int | None = None
    """Test questions that name a document; None in older records, where all did or none."""
    indexed_sha256: str | None = None
    """Over the indexed passages' texts, in their order; None in older records."""
    chunk: Chunking | None = None
    """How the documents were cut; None in older records, where all were cut as the task says."""
    question_prompt: str = ""
    rerank: Reranking | None = None
    passage_prompt: str = ""
    """What the embedder's own configuration puts in front of texts that it reads."""
    untuned: OwnSearch | None = None
    """Where a retriever was tuned, what was found before."""


def passage_retrieval(retriever: PassageRetriever, k: int, examples: Sequence[Example],
                      wording: Wording) -> PassageRetrieval:
    """Search for every question and look for its document and its answer. A question may have fewer
    than `k` passages, or none."""
    places = retriever.places(examples, max(k, *DEPTHS), Clock())
    found = _found(retriever, places, k, examples, wording)
    update = retriever.update
    return PassageRetrieval(
        index=retriever.search.kind, indexed=retriever.search.size,
        indexed_sha256=retriever.texts_sha256,
        index_bytes=retriever.search.bytes, build_seconds=retriever.build_seconds,
        update_passages=update.passages if update else 0,
        update_seconds=update.seconds if update else 0.0, k=k,
        recall=found.recall, mrr=found.mrr, answer_share=found.answer_share,
        chunk=chunking(retriever.corpus.chunk), questions=found.named,
        question_prompt=retriever.prompts[0],
        passage_prompt=retriever.prompts[1],
        rerank=_reranking(retriever, k, examples, wording),
        untuned=_own_search(retriever, k, examples, wording))


def chunking(chunk: Chunk) -> Chunking:
    """What a record says of a chunk."""
    return Chunking(words=chunk.words, overlap=chunk.overlap)


@dataclass(frozen=True)
class _Found:
    named: int
    recall: dict[int, float] | None
    mrr: float | None
    answer_share: float | None


def _found(retriever: PassageRetriever, places: np.ndarray, k: int, examples: Sequence[Example],
           wording: Wording) -> _Found:
    named = [place for place, example in enumerate(examples) if example.document is not None]
    known = [examples[place] for place in named]
    ranks = _ranks(retriever, places[named, : DEPTHS[-1]], known) if known else None
    in_words = all(example.references and example.value is None for example in examples)
    held = [] if not in_words else [
        (example, any(_holds(text, example, wording) for text in retriever.texts(row[:k])))
        for row, example in zip(places.tolist(), examples, strict=True)
        if not unanswerable(example, wording)]
    return _Found(
        len(known), None if ranks is None else {d: _mean(ranks <= d, known) for d in DEPTHS},
        None if ranks is None else _mean(1 / ranks, known),
        _mean(np.array([found for _, found in held]), [example for example, _ in held])
        if held else None)


def _own_search(retriever: PassageRetriever, k: int, examples: Sequence[Example], wording: Wording
                ) -> OwnSearch | None:
    if retriever.untuned is None:
        return None
    places = retriever.untuned()(examples, max(k, *DEPTHS), Clock())
    found = _found(retriever, places, k, examples, wording)
    return OwnSearch(recall=found.recall, mrr=found.mrr, answer_share=found.answer_share)


def _reranking(retriever: PassageRetriever, k: int, examples: Sequence[Example], wording: Wording
               ) -> Reranking | None:
    if retriever.behind is None:
        return None
    places = retriever.behind.rank(examples, max(k, *DEPTHS), Clock())
    found = _found(retriever, places, k, examples, wording)
    return Reranking(depth=retriever.behind.depth, recall=found.recall, mrr=found.mrr,
                     answer_share=found.answer_share)


FIGURES: Mapping[Finds, Callable[[Any, int, Task], Retrieval | PassageRetrieval]] = {
    "examples": lambda retriever, k, task: retrieval(retriever, k, task.splits.test),
    "passages": lambda retriever, k, task: passage_retrieval(retriever, k, task.splits.test,
                                                             task.wording)}


def retrieved(fitted: Retrieving, task: Task) -> Retrieval | PassageRetrieval | None:
    """What a fitted method finds for the test items; None where it answers without."""
    if fitted.retriever is None:
        return None
    return FIGURES[fitted.retriever.finds](fitted.retriever, fitted.k, task)


def _ranks(retriever: PassageRetriever, places: np.ndarray, examples: Sequence[Example]
           ) -> np.ndarray:
    """Rank of the first passage of each question's document, infinite without one: [examples]."""
    own = (retriever.documents(places)
           == np.array([e.document for e in examples], dtype=object)[:, None])
    return np.where(own.any(axis=1), own.argmax(axis=1) + 1.0, np.inf)


def _mean(values: np.ndarray, examples: Sequence[Example]) -> float:
    """Over the items, by their weights."""
    return float(np.average(values, weights=weights_of(examples)))


def _holds(text: str, example: Example, wording: Wording) -> bool:
    place = wording.place(text)
    return any(wording.held(reference, place) for reference in example.references)
