"""SetFit's recipe by sentence-transformers' own trainer and loss, then scikit-learn.

Tunstall et al. 2022 and their library's defaults: 20 pairs of either sort an item, batches of 16
pairs, 2e-5 with a warm-up over a tenth of the steps, one pass; logistic regression with C = 1.
"""

from __future__ import annotations

import math
import random
import tempfile
from collections.abc import Sequence

import numpy as np
from datasets import Dataset
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss
from sklearn.linear_model import LogisticRegression
from transformers import set_seed

from benchmarks.peers.data import Data

PAIRS, MOST = 20, 16_000
"""Pairs of either sort an item, and of all items together: thousands of items want fewer each."""
RATE, BATCH, WARMUP = 2e-5, 16, 0.1


def setfit(data: Data, seed: int) -> np.ndarray:
    """Tune the encoder on pairs, fit a head on what it makes of the training items."""
    set_seed(seed)
    texts, labels = data.train.joined, data.train.labels
    model = SentenceTransformer(data.encoder, device="cpu")
    model.max_seq_length = data.max_length
    rows = pairs(texts, labels, min(PAIRS, MOST // (2 * len(texts))), random.Random(seed))
    with tempfile.TemporaryDirectory() as folder:
        SentenceTransformerTrainer(
            model=model, train_dataset=Dataset.from_list(rows), loss=CosineSimilarityLoss(model),
            args=SentenceTransformerTrainingArguments(
                output_dir=folder, num_train_epochs=1, per_device_train_batch_size=BATCH,
                learning_rate=RATE, warmup_steps=math.ceil(WARMUP * len(rows) / BATCH), seed=seed,
                save_strategy="no", report_to=[], disable_tqdm=True, use_cpu=True)).train()
    known, asked = (model.encode(part.joined, show_progress_bar=False)
                    for part in (data.train, data.test))
    return np.asarray(LogisticRegression(max_iter=2000).fit(known, labels).predict(asked))


def pairs(texts: Sequence[str], labels: Sequence[int], each: int, draw: random.Random
          ) -> list[dict[str, object]]:
    """Each text `each` times with one of its class and with one of another."""
    places = range(len(texts))
    alike = {a: [i for i in places if labels[i] == a] for a in set(labels)}
    unlike = {a: [i for i in places if labels[i] != a] for a in set(labels)}
    return [{"sentence1": texts[i], "sentence2": texts[draw.choice(among[labels[i]])],
             "score": score}
            for _ in range(max(1, each)) for i in places
            for among, score in ((alike, 1.0), (unlike, 0.0))]
