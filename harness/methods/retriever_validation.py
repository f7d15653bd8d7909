"""What validation says of an embedder: by what it finds, or by what neighbours then vote for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.backbones.encoding.embedder import SentenceReader
from harness.backbones.encoding.embedder_prompts import Side, embedder_prompt
from harness.common.errors import CannotRunError
from harness.common.kinds import MRR
from harness.methods.contrasts import documents_of, passages_of
from harness.methods.job import Job
from harness.methods.learning.held_out import of_classes
from harness.methods.learning.validated import HeldOut
from harness.methods.link import CLASS_LINKS
from harness.methods.votes import votes_of
from harness.retrieval.vectors import build_index, nearest, unit
from harness.tasks.examples import indicator, weights_of
from harness.tasks.spread import worth

DEPTH = 10
"""Ranks beyond which nothing counts as found."""
SCALE = 20.0
"""What cosines are multiplied by before they are compared: sentence-transformers' default, an
inverse temperature."""
NEIGHBOURS = 8
"""That vote where the retriever answers itself."""
Validate = Callable[[], HeldOut]


def reciprocal_ranks(cosines: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Of each question 1 / the rank of the first passage that is its own, 0 beyond `DEPTH`, both
    [questions, passages]: [questions]. Of equals those that are not its own stand first."""
    best = np.where(own, cosines, -np.inf).max(axis=1, keepdims=True)
    ranks = 1 + ((cosines >= best) & ~own).sum(axis=1)
    return np.asarray(np.where(ranks <= DEPTH, 1.0 / ranks, 0.0))


def validation_of(job: Job, reader: SentenceReader) -> Validate:
    """What looks at the validation items by a reader's weights as they are. Raises CannotRunError
    where no item says anything."""
    return _finding(job, reader) if job.task.corpus is not None else _voting(job, reader)


def _finding(job: Job, reader: SentenceReader) -> Validate:
    """MRR of the document among the passages of all documents that training and validation items
    are about; the loss is -log of the share that the softmax of cosines gives its passages."""
    table = passages_of(job, documents_of((*job.train, *job.validation)))
    owners = np.array(table["document"].to_pylist(), dtype=object)
    asked = [e for e in job.validation if e.document is not None and (owners == e.document).any()]
    if not asked:
        raise CannotRunError("no validation item names a document that was there before training: "
                             "there is nothing to choose a retriever by")
    own = owners[None] == np.array([e.document for e in asked], dtype=object)[:, None]
    texts, questions = table["text"].to_pylist(), [e.text for e in asked]
    weights = weights_of(asked)

    def look() -> HeldOut:
        passages = _embed(job, reader, texts, "document")
        cosines = _embed(job, reader, questions, "query") @ passages.T
        if not np.isfinite(cosines).all():
            return HeldOut(None, float("nan"), worth(asked), by=MRR)
        found = reciprocal_ranks(cosines, own)
        score = float(np.average(found, weights=weights))
        error = float(found.std(ddof=1) / np.sqrt(worth(asked))) if len(asked) > 1 else None
        scaled = SCALE * cosines.astype(float)
        shares = np.logaddexp.reduce(np.where(own, scaled, -np.inf), axis=1)
        losses = np.logaddexp.reduce(scaled, axis=1) - shares
        return HeldOut(score, float(np.average(losses, weights=weights)), worth(asked), error,
                       by=MRR)

    return look


def _voting(job: Job, reader: SentenceReader) -> Validate:
    """The deciding metric of what the nearest training items vote for."""
    targets = indicator(job.train, job.classes)
    known, asked = ([e.joined for e in part] for part in (job.train, job.validation))

    def look() -> HeldOut:
        vectors = _embed(job, reader, [*known, *asked], "alike")
        if not np.isfinite(vectors).all():
            return HeldOut(None, float("nan"), worth(job.validation))
        index = build_index(unit(vectors[:len(known)]), "flat")
        votes = votes_of(*nearest(index, unit(vectors[len(known):]), NEIGHBOURS), targets)
        return of_classes(CLASS_LINKS[job.task.kind], votes, job.validation, job.metric)

    return look


def _embed(job: Job, reader: SentenceReader, texts: list[str], side: Side) -> np.ndarray:
    return reader.embed(texts, side, embedder_prompt(job.need_embedder().path, side))
