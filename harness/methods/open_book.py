"""Questions asked with the passages of a corpus that a search finds for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harness.backbones.encoding.embedder_prompts import Side
from harness.backbones.encoding.features import Embedder, FeatureStore, cross_encoder
from harness.backbones.encoding.learned import Learned
from harness.backbones.prompting.prompts import PromptWriter
from harness.backbones.prompting.texts import Parts
from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.common.files import sha256_json
from harness.common.kinds import Ranking
from harness.methods.asking.citing import numbered
from harness.methods.asking.lookup import Lookup, Study
from harness.methods.asking.shown import Asking, Shown
from harness.methods.finding import Finding
from harness.methods.fitted import Finds
from harness.methods.job import Job
from harness.methods.ranking import Behind, Rank, Told, by_search, scores_by
from harness.methods.work import Reading
from harness.retrieval.rerank import Reranked
from harness.retrieval.searches import Embed, Search, build_search, open_search
from harness.retrieval.vectors import NONE
from harness.tasks.corpus import Corpus, passages_sha256
from harness.tasks.examples import Item

LONGEST = 512
"""Tokens of a passage that an embedder may read, where its own limit is not lower."""


@dataclass(frozen=True)
class Update:
    """Adding the passages of new documents to a search that had the old ones."""

    passages: int
    seconds: float
    """Encoding and indexing, nothing shared."""


@dataclass(frozen=True)
class PassageRetriever:
    """A search over all passages of a corpus."""

    finds: ClassVar[Finds] = "passages"
    corpus: Corpus
    passages: pa.Table
    search: Search
    """Of the corpus by words or vectors alone."""
    rank: Rank
    """What finds passages for items."""
    behind: Behind | None = None
    """What it has a reranker behind."""
    update: Update | None = None
    texts_sha256: str | None = None
    """Of the passages that were indexed; None of a search that is read."""
    build_seconds: float = 0.0
    """Encoding and indexing the old documents. Neither is known of a search that is read."""
    prompts: tuple[str, str] = ("", "")
    """What the embedder reads in front of a question and of a passage."""
    learned: Learned | None = None
    """The embedder's weights, where they are not its own."""
    untuned: Callable[[], Rank] | None = None
    """Makes what finds passages by the embedder's own weights, where those learned; None of a
    search that is read."""

    def places(self, items: Sequence[Item], k: int, clock: Clock) -> np.ndarray:
        """Places of the `k` best passages, best first, [items, k]: see `Rank`."""
        return self.rank(items, k, clock)

    def found(self, items: Sequence[Item], k: int, clock: Clock) -> list[list[int]]:
        """The same of each item, without what was not found."""
        return [[place for place in row if place != NONE]
                for row in self.places(items, k, clock).tolist()]

    def texts(self, places: Sequence[int]) -> list[str]:
        """The passages at these places, without those that are `NONE`."""
        return texts_at(self.passages, places)

    def documents(self, places: np.ndarray) -> np.ndarray:
        """The documents of the passages at these places, of the same shape; None for `NONE`."""
        named = np.array(self.passages["document"].to_pylist(), dtype=object)
        found: np.ndarray = named[places]
        found[places == NONE] = None
        return found

    def save(self, folder: Path) -> None:
        """Write what `open_passages` reads. Times are not among it: the same run leaves the same
        files."""
        if self.learned is not None:
            self.learned.save(folder)
        self.search.save(folder)


@dataclass(frozen=True)
class Built:
    """A search over a corpus, and what it took."""

    search: Search
    texts_sha256: str
    seconds: float
    update: Update | None


def build_passages(job: Job, how: Finding) -> PassageRetriever:
    """Index the old documents, then add the new ones, timed apart.

    The job is charged for an index and its vectors once, however many settings it tries with them;
    the seconds told are of each as if it were done for the first time.
    """
    corpus, embedder = _corpus(job, how), _embedder(job)
    weights = embedder.featurizer("document").key, embedder.featurizer("query").key
    built: Built = job.shelf.get(sha256_json([corpus.sha256, how.ranking, *weights]),
                                 lambda: _build(job, corpus, embedder, how.ranking))
    table = corpus.passages()
    return PassageRetriever(
        corpus, table, built.search, *_ranks(job, how, table, built.search), built.update,
        built.texts_sha256, built.seconds, _prompts(embedder, how.ranking), job.learned,
        _untuned(job, how))


def _build(job: Job, corpus: Corpus, embedder: Embedder, ranking: Ranking) -> Built:
    texts = [str(text) for text in corpus.passages()["text"].to_pylist()]
    old = corpus.facts.passages - corpus.facts.new_passages
    if ranking != "bm25":
        _embed(embedder, "document", job.store)(texts[:old], job.clock)
    clock, store = Clock(), FeatureStore(job.store.folder)
    search = build_search(ranking, texts[:old], _embed(embedder, "document", store), clock,
                          _embed(embedder, "query", store))
    seconds = clock.stand_alone()
    job.clock.spent["index"] += clock.spent["index"]
    update = None
    if old < len(texts):
        search.extend(texts[old:], clock)
        update = Update(len(texts) - old, clock.stand_alone() - seconds)
    return Built(search, passages_sha256(texts), seconds, update)


def open_passages(job: Job, how: Finding, folder: Path) -> PassageRetriever:
    """What `PassageRetriever.save` wrote."""
    corpus = _corpus(job, how)
    table = corpus.passages()
    embedder = _embedder(job)
    search = open_search(how.ranking, folder, table["text"].to_pylist(),
                         _embed(embedder, "document", job.store),
                         _embed(embedder, "query", job.store))
    return PassageRetriever(corpus, table, search, *_ranks(job, how, table, search),
                            prompts=_prompts(embedder, how.ranking), learned=job.learned)


def _untuned(job: Job, how: Finding) -> Callable[[], Rank] | None:
    """What finds passages by the embedder's own weights, on nobody's clock."""
    if job.learned is None:
        return None
    own = replace(job, learned=None, clock=Clock())
    plain = how.model_copy(update={"rerank": None})
    return lambda: build_passages(own, plain).rank


def passages_read(job: Job, *ways: Finding) -> tuple[Reading, ...]:
    """What the embedder reads of a corpus and its questions; a search by words has none."""
    corpora = {c.sha256: c for c in (_corpus(job, how) for how in ways if how.ranking != "bm25")}
    if not corpora or job.embedder is None:
        return ()
    return (Reading(_embedder(job).featurizer("query").key, job.embedder,
                    passages=sum(c.facts.passages for c in corpora.values())),)


def best_passages(retriever: PassageRetriever, k: int, room: int,
                  study: Study[str] | None = None, cite: str | None = None) -> Lookup[str]:
    """The `k` best passages in `room` tokens before each item, the best last; before each that is
    learned from, what `study` says. With `cite`, which is said of it, passages have numbers."""
    def find(items: Sequence[Item], clock: Clock) -> list[list[str]]:
        return [retriever.texts(row) for row in retriever.places(items, k, clock).tolist()]

    return Lookup(retriever, k, find, lambda writer, texts: _written(writer, texts, room, cite),
                  study, cites=cite is not None)


def _written(writer: PromptWriter, texts: Sequence[str], room: int, cite: str | None) -> Parts:
    return (writer.passages(texts, room) if cite is None
            else numbered(writer, texts, room, cite))


def passages_shown(asking: Asking, k: int, room: int, how: Finding,
                   cite: str | None = None) -> Shown:
    """The `k` longest passages in `room` tokens: no prompt has more before its item."""
    if asking.corpus is None:
        return Shown()
    texts = asking.corpus.cut(how.chunk).passages()["text"]
    places = pc.select_k_unstable(pa.table({"size": pc.utf8_length(texts)}), k,
                                  [("size", "descending")])
    passages = _written(asking.writer, texts.take(places).to_pylist(), room, cite)
    return Shown(retrieved=len(asking.writer.reader.tokens([passages])[0]), found="passages")


def _ranks(job: Job, how: Finding, passages: pa.Table, search: Search
           ) -> tuple[Rank, Behind | None]:
    """What finds passages for items, and what a reranker stands behind."""
    if how.told:
        return _telling(job, passages, job.need_told()).rank, None
    if how.rerank is None:
        return by_search(search), None
    scores = scores_by(cross_encoder(job.need_reranker(), LONGEST, job.device), job.store)
    reranked = Reranked(search, how.rerank.depth, partial(texts_at, passages), scores)
    return by_search(reranked), Behind(by_search(search), how.rerank.depth)


def telling(job: Job, retriever: PassageRetriever, documents: Mapping[str, str | None]) -> Told:
    """What finds the passages of the documents that items are said to be about."""
    return _telling(job, retriever.passages, documents)


def _telling(job: Job, passages: pa.Table, documents: Mapping[str, str | None]) -> Told:
    embedder = _embedder(job)
    return Told(documents, passages, _embed(embedder, "document", job.store),
                _embed(embedder, "query", job.store))


def texts_at(passages: pa.Table, places: Sequence[int]) -> list[str]:
    """The passages at these places, without those that are `NONE`."""
    there = pa.array([place for place in places if place != NONE], pa.int64())
    return [str(text) for text in passages["text"].take(there).to_pylist()]


def _corpus(job: Job, how: Finding) -> Corpus:
    if job.task.corpus is None:
        raise CannotRunError("the task has no corpus to search")
    return job.task.corpus.cut(how.chunk)


def _embedder(job: Job) -> Embedder:
    if job.embedder is None:
        raise CannotRunError("rag needs the suite's `embedder`")
    return Embedder(job.embedder, LONGEST, job.device, job.learned)


def _embed(embedder: Embedder, side: Side, store: FeatureStore) -> Embed:
    featurizer = embedder.featurizer(side)

    def embed(texts: Sequence[str], clock: Clock) -> np.ndarray:
        items = [Item(str(place), text, None) for place, text in enumerate(texts)]
        return store.features(featurizer, items, clock, "encode")

    return embed


def _prompts(embedder: Embedder, ranking: Ranking) -> tuple[str, str]:
    """Of questions and of passages; a search by words puts nothing before them."""
    if ranking == "bm25":
        return "", ""
    return embedder.featurizer("query").prompt, embedder.featurizer("document").prompt
