"""An encoder tuned whole by a plain torch loop until its loss is small, without validation."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from torch import nn
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    get_linear_schedule_with_warmup,
    set_seed,
)

from benchmarks.peers.data import Data, Labelled, passes

EPOCHS, LEAST, RATE, BATCH = 12, 5, 1e-4, 16


class MeanClassifier(nn.Module):
    """Mean of the tokens' last states, dropout, linear layer."""

    def __init__(self, folder: str, classes: int) -> None:
        super().__init__()
        self.body = AutoModel.from_pretrained(folder)
        self.head = nn.Sequential(nn.Dropout(0.1),
                                  nn.Linear(self.body.config.hidden_size, classes))

    def forward(self, **batch: torch.Tensor) -> torch.Tensor:
        """Logits, [items, classes]."""
        states = self.body(**batch).last_hidden_state
        mask = batch["attention_mask"][..., None]
        return self.head((states * mask).sum(dim=1) / mask.sum(dim=1))


class FirstTokenClassifier(nn.Module):
    """The head that transformers puts on such a model."""

    def __init__(self, folder: str, classes: int) -> None:
        super().__init__()
        self.body = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=classes)

    def forward(self, **batch: torch.Tensor) -> torch.Tensor:
        """Logits, [items, classes]."""
        logits: torch.Tensor = self.body(**batch).logits
        return logits


POOLINGS: dict[str, type[nn.Module]] = {"mean": MeanClassifier, "first": FirstTokenClassifier}


def first_token(data: Data, seed: int) -> np.ndarray:
    """Through the first token and the pooler."""
    return tune(data, seed, "first")


def mean_pooled(data: Data, seed: int) -> np.ndarray:
    """Through the mean over tokens."""
    return tune(data, seed, "mean")


def tune(data: Data, seed: int, pooling: Literal["mean", "first"]) -> np.ndarray:
    """Twelve epochs of AdamW in fp32 with linear decay, fewer of many items; the last weights
    answer."""
    set_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(data.encoder)
    model = POOLINGS[pooling](data.encoder, data.classes)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    order = torch.Generator().manual_seed(seed)
    count, labels = len(data.train.labels), torch.tensor(data.train.labels)
    epochs = passes(EPOCHS, LEAST, count)
    steps = epochs * -(-count // BATCH)
    schedule = get_linear_schedule_with_warmup(optimizer, 0, steps)
    model.train()
    for _ in range(epochs):
        for places in torch.randperm(count, generator=order).split(BATCH):
            logits = model(**_batch(tokenizer, data.train, places.tolist(), data.max_length))
            loss = nn.functional.cross_entropy(logits, labels[places])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return answer(model.eval(), tokenizer, data)


def answer(model: nn.Module, tokenizer: Any, data: Data) -> np.ndarray:
    """The likeliest class of each test item."""
    batches = torch.arange(len(data.test.labels)).split(2 * BATCH)
    with torch.inference_mode():
        return np.concatenate([
            model(**_batch(tokenizer, data.test, places.tolist(), data.max_length)).argmax(1)
            for places in batches])


def _batch(tokenizer: Any, part: Labelled, places: list[int], longest: int) -> Any:
    texts = [part.texts[i] for i in places]
    pairs = [part.pairs[i] for i in places] if part.pairs is not None else None
    return tokenizer(texts, pairs, truncation=True, max_length=longest, padding=True,
                     return_tensors="pt")
