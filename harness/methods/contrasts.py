"""What a retriever learns from: texts that should find each other, and such that should not.

Where a task has a corpus, a training question should find a passage of the document that it is
about; else a training item another one of its class. Beside what a batch holds for its other items,
each has a hard negative: a text that is near it and is not right (Karpukhin et al. 2020, Dense
Passage Retrieval, section 3.2; Xiong et al. 2021, ANCE). Texts are of training items, and passages
of documents that training items are about: nothing that is held out, and nothing that came after
training.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from harness.backbones.encoding.features import Embedder
from harness.common.errors import CannotRunError
from harness.methods.job import Job
from harness.retrieval.vectors import build_index, nearest, unit
from harness.tasks.examples import Example, Item, indicator

HARD = 10
"""Of so many nearest wrong texts one is drawn for an item in each epoch."""
NEAR = 200
"""Items among which those of other classes are looked for."""
Kin = frozenset[Hashable]
"""What a text belongs to: its document, or its classes. Of two that share any, neither is wrong
for the other."""


class Text(NamedTuple):
    text: str
    kin: Kin


class Contrast(NamedTuple):
    """A text, one that it should find, and one that it should not; None where there is none."""

    asked: Text
    right: Text
    wrong: Text | None


Draw = Callable[[np.random.Generator], list[Contrast]]
"""One epoch's contrasts."""


def contrasts_of(job: Job, embedder: Embedder) -> Draw:
    """What the training items of a job teach; `embedder` says what is near. Raises CannotRunError
    where they teach nothing."""
    if job.task.corpus is not None:
        return _by_document(job, embedder)
    return _by_class(job, embedder)


def documents_of(examples: Sequence[Example]) -> set[str]:
    """The documents that items are about."""
    return {e.document for e in examples if e.document is not None}


def passages_of(job: Job, documents: set[str]) -> pa.Table:
    """The passages of these documents, as far as they were there before training."""
    if job.task.corpus is None:
        raise CannotRunError("the task has no corpus to search")
    table = job.task.corpus.passages()
    kept = [document in documents and not new for document, new in zip(
        table["document"].to_pylist(), table["new"].to_pylist(), strict=True)]
    return table.filter(pa.array(kept, pa.bool_()))


def _by_document(job: Job, embedder: Embedder) -> Draw:
    """Each question finds the nearest passage of its own document that holds a reference, word for
    word, or else the nearest of that document. A passage that holds one is nobody's hard negative.
    """
    table = passages_of(job, documents_of(job.train))
    texts, owners = table["text"].to_pylist(), np.array(table["document"].to_pylist(), dtype=object)
    asked = [e for e in job.train if e.document is not None and (owners == e.document).any()]
    if not asked:
        raise CannotRunError("no training item names a document of the corpus: there is nothing "
                             "for a retriever to learn")
    passages = unit(job.store.features(embedder.featurizer("document"), _items(texts), job.clock,
                                       "encode"))
    questions = unit(job.store.features(embedder.featurizer("query"),
                                        _items([e.text for e in asked]), job.clock, "encode"))
    with job.clock.phase("mine"):
        held = _holding(job, texts)
        rights, wrongs = [], []
        for example, question in zip(asked, questions, strict=True):
            order = np.argsort(-(passages @ question), kind="stable")
            own, holds = owners[order] == example.document, held(example)[order]
            best = own & holds if (own & holds).any() else own
            rights.append(int(order[best.argmax()]))
            wrongs.append(order[~own & ~holds][:HARD].tolist())

    def text(place: int) -> Text:
        return Text(texts[place], frozenset({owners[place]}))

    def draw(chance: np.random.Generator) -> list[Contrast]:
        return [Contrast(Text(e.text, frozenset({e.document})), text(right),
                         text(int(chance.choice(wrong))) if wrong else None)
                for e, right, wrong in zip(asked, rights, wrongs, strict=True)]

    return draw


def _holding(job: Job, texts: Sequence[str]) -> Callable[[Example], np.ndarray]:
    """Of an item that is answered in words which texts hold a reference, [texts] bool."""
    wording = job.task.wording
    places = [wording.place(text) for text in texts]

    def held(example: Example) -> np.ndarray:
        references = example.references if example.value is None else ()
        return np.array([any(wording.held(reference, place) for reference in references)
                         for place in places])

    return held


def _by_class(job: Job, embedder: Embedder) -> Draw:
    """Each item finds another of its classes, drawn anew in each epoch; items without a class are
    alike."""
    classes = indicator(job.train, job.classes)
    kinds = np.column_stack([classes, ~classes.any(axis=1)])

    def mates(place: int) -> np.ndarray:
        alike = (kinds & kinds[place]).any(axis=1)
        alike[place] = False
        return np.flatnonzero(alike)

    asked = [place for place in range(len(job.train)) if len(mates(place))]
    if not asked:
        raise CannotRunError("no two training items share a class: there is nothing for a "
                             "retriever to learn")
    vectors = unit(job.store.features(embedder.featurizer("alike"), job.train, job.clock,
                                      "encode"))
    with job.clock.phase("mine"):
        _, order = nearest(build_index(vectors, "flat"), vectors, NEAR)
        wrongs = [row[~(kinds[row] & kinds[place]).any(axis=1)][:HARD].tolist()
                  for place, row in enumerate(order)]

    def text(place: int) -> Text:
        return Text(job.train[place].joined, frozenset(np.flatnonzero(kinds[place]).tolist()))

    def draw(chance: np.random.Generator) -> list[Contrast]:
        return [Contrast(text(place), text(int(chance.choice(mates(place)))),
                         text(int(chance.choice(wrongs[place]))) if wrongs[place] else None)
                for place in asked]

    return draw


def _items(texts: Sequence[str]) -> list[Item]:
    return [Item(str(place), text, None) for place, text in enumerate(texts)]
