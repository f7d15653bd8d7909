"""Logistic regression by plain scripts: on TF-IDF, and on a sentence encoder's embeddings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from sentence_transformers import SentenceTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from benchmarks.peers.data import Data

RATES = (0.1, 1.0, 10.0, 100.0)
FOLDS = 5


def tfidf(data: Data, seed: int) -> np.ndarray:
    """Words and word pairs."""
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
                          LogisticRegression(max_iter=2000))
    return answers(model, data, data.train.joined, data.test.joined)


def embeddings(data: Data, seed: int) -> np.ndarray:
    """The model's own embeddings, frozen."""
    model = SentenceTransformer(data.encoder, device="cpu")
    model.max_seq_length = data.max_length
    encoded = (model.encode(part.joined, show_progress_bar=False)
               for part in (data.train, data.test))
    return answers(make_pipeline(LogisticRegression(max_iter=2000)), data, *encoded)


def answers(model: Any, data: Data, known: Any, asked: Any, rates: Sequence[float] = RATES
            ) -> np.ndarray:
    """Fitted with the C that cross-validation on the training items finds best by macro F1."""
    folds = max(2, min(FOLDS, *Counter(data.train.labels).values()))
    search = GridSearchCV(model, {"logisticregression__C": rates}, scoring="f1_macro", cv=folds)
    return np.asarray(search.fit(known, data.train.labels).predict(asked))
