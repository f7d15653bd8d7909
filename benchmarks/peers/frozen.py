"""A head on frozen features by a plain script: sentence-transformers and scikit-learn."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer, models
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.peers.answered import Answered
from harness.methods.job import Job
from harness.tasks.examples import Example

RATES = (0.1, 0.3)


def encoder(path: Path, max_length: int) -> SentenceTransformer:
    """A backbone with mean pooling."""
    words = models.Transformer(str(path), max_seq_length=max_length)
    if words.tokenizer.pad_token is None:
        words.tokenizer.pad_token = words.tokenizer.eos_token
    return SentenceTransformer(modules=[words, models.Pooling(
        words.get_word_embedding_dimension(), pooling_mode="mean")], device="cpu")


def fit_head(job: Job, test: Sequence[Example]) -> Answered:
    """Encode the splits, fit each regularisation, keep the one that validates best and answer the
    test items."""
    start = time.perf_counter()
    model = encoder(job.need_backbone().path, job.budget.max_length)
    train, held, asked = ([e.joined for e in part] for part in (job.train, job.validation, test))
    features, labels = model.encode(train), [e.label for e in job.train]
    validation, last = model.encode(held), model.encode(asked)
    heads = [make_pipeline(StandardScaler(), LogisticRegression(C=rate, max_iter=2000)
                           ).fit(features, labels) for rate in RATES[: job.budget.trials]]
    truth = [e.label for e in job.validation]
    best = max(heads, key=lambda head: float(np.mean(head.predict(validation) == truth)))
    predicted = best.predict(last)
    return Answered(time.perf_counter() - start, predicted)


def probe(path: Path, texts: Sequence[str], labels: Sequence[int], max_length: int) -> float:
    """Seconds to probe a model's features on general texts."""
    start = time.perf_counter()
    x: np.ndarray = encoder(path, max_length).encode(list(texts))
    head = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    cross_val_predict(head, x, labels, cv=5)
    return time.perf_counter() - start
