"""A tuned encoder that says something of each word: how it learns and how it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import log_softmax
from torch.nn.functional import cross_entropy

from harness.backbones.encoding.encode import Encoded, collate
from harness.backbones.encoding.padding import Padding
from harness.backbones.encoding.word_tokens import (
    WordTokens,
    at_words,
    padding_of,
    read_words,
    word_tokens,
)
from harness.backbones.kernels.casts import cast_once
from harness.backbones.kernels.kept_states import reading
from harness.methods.job import Job
from harness.methods.learning.encoder import EncoderClassifier, EncoderLearner
from harness.methods.learning.held_out import said_by
from harness.methods.learning.validated import HeldOut
from harness.targets.spans import NOTHING, Spans, as_spans
from harness.targets.tags import spans_of_read, tags_of
from harness.tasks.examples import Item


@dataclass
class EncoderTagger(EncoderClassifier):
    """A token-classification model, read at the first token of each word."""

    tags: np.ndarray | None = None
    """Of each of the model's tags the task's, where it has others: [tags]."""

    def __post_init__(self) -> None:
        cast_once(self.loaded.model)
        self.last = None  # every token is read
        self.loaded.model.eval()
        self.padding = padding_of(self.states, self.loaded.tokenizer, self.max_length)

    def states(self, items: Sequence[Encoded], padding: Padding) -> torch.Tensor:
        """Logits of the tags of all tokens of a batch, [items, longest, tags], without those of
        what an adapter puts in front."""
        batch = collate(self.loaded.tokenizer, items, padding, self.device.type)
        logits: torch.Tensor = self.loaded.model(**batch).logits
        return logits[:, -batch["input_ids"].shape[1]:]

    def probabilities(self, items: Sequence[Item]) -> np.ndarray:
        """The spans of each item: [items] of tuples."""
        tokens = word_tokens(self.loaded.tokenizer, items, self.max_length)
        scores = self.scores([one.encoded for one in tokens], tokens)
        return as_spans([likeliest(*each, self.tags)
                         for each in zip(items, tokens, scores, strict=True)])

    def scores(self, encoded: Sequence[Encoded], tokens: Sequence[WordTokens]
               ) -> list[np.ndarray]:
        """Of each item the logits of each word that is read, [words, tags] fp32."""
        self.loaded.model.eval()
        return read_words(self.states, encoded, tokens, self.padding, self.device)


def likeliest(item: Item, tokens: WordTokens, scores: np.ndarray, tags: np.ndarray | None = None
              ) -> Spans:
    """The spans by the likeliest tag of each word that is read, the task's own or looked up in
    `tags`; other words are outside of any."""
    found = scores.argmax(axis=1)
    return spans_of_read(item.text, tokens.read, found if tags is None else tags[found])


class TaggerLearner(EncoderLearner):
    """Cross-entropy of each word's tag. An item counts as it has words, as in a mean over the words
    of a batch: its loss is their sum over the mean number of words of the training items."""

    classifier: EncoderTagger

    def __init__(self, tagger: EncoderTagger, job: Job) -> None:
        self.classifier, self.job = tagger, job
        tokenizer = tagger.loaded.tokenizer
        self.words, self.asked = (word_tokens(tokenizer, part, tagger.max_length)
                                  for part in (job.train, job.validation))
        self.encoded, self.held = ([one.encoded for one in part]
                                   for part in (self.words, self.asked))
        self._lengths = [len(item["input_ids"]) for item in self.encoded]
        self.tags, self.right = (
            [tags_of(e.text, e.spans or NOTHING)[one.read] for e, one in zip(*part, strict=True)]
            for part in ((job.train, self.words), (job.validation, self.asked)))
        self.mean_words = float(np.mean([len(own) for own in self.tags])) or 1.0

    def loss(self, indices: list[int]) -> torch.Tensor:
        with reading(self.states):
            states = self.classifier.states([self.encoded[i] for i in indices],
                                            self.classifier.padding)
        logits = torch.cat(at_words(states, [self.words[i] for i in indices],
                                    self.classifier.padding))
        tags = torch.from_numpy(np.concatenate([self.tags[i] for i in indices]))
        return cross_entropy(logits.float(), tags.to(logits.device), reduction="sum"
                             ) / self.mean_words

    def validate(self) -> HeldOut:
        with reading(self.states):
            scores = self.classifier.scores(self.held, self.asked)
        answers = [likeliest(*each) for each in zip(self.job.validation, self.asked, scores,
                                                    strict=True)]
        losses = -log_softmax(np.concatenate(scores).astype(float), axis=1)
        right = np.concatenate(self.right)
        loss = float(losses[np.arange(len(right)), right].mean()) if len(right) else 0.0
        return said_by(as_spans(answers), self.job, loss)
