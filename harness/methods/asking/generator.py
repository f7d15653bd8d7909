"""A decoder that answers in words of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from harness.backbones.batches import by_length
from harness.backbones.prompting.generate import greedy
from harness.backbones.prompting.options import NONE
from harness.backbones.prompting.questions import Question
from harness.backbones.prompting.score import Prefix, score_options
from harness.backbones.prompting.texts import Parts
from harness.common.clock import Clock
from harness.common.kinds import Kind
from harness.methods.asking.asked import BATCH, AskedDecoder
from harness.methods.asking.stops import Stop, first_line
from harness.methods.job import Job
from harness.methods.learning.held_out import mean_of, said_by
from harness.methods.learning.validated import HeldOut
from harness.targets.kinds import by_kind
from harness.targets.regression import numbers_of
from harness.targets.span_words import read_written
from harness.targets.spans import as_spans
from harness.tasks.examples import Example, Item
from harness.tasks.spread import worth


def as_written(texts: Sequence[str]) -> np.ndarray:
    """The texts, [items] of str."""
    return np.array(texts, dtype=object)


def in_text(texts: Iterable[str], items: Sequence[Item], names: Sequence[str]) -> np.ndarray:
    """The spans of each item that a text names, [items] of tuples; None where it cannot be read."""
    return as_spans([read_written(text, item.text, names)
                     for text, item in zip(texts, items, strict=True)])


def _themselves(texts: np.ndarray, items: Sequence[Item], names: Sequence[str]) -> np.ndarray:
    return texts


Read = Callable[[np.ndarray, Sequence[Item], Sequence[str]], np.ndarray]
READ: dict[Kind, Read] = by_kind(
    one=_themselves, several=_themselves, numbers=lambda texts, items, names: numbers_of(texts),
    spans=in_text, words=_themselves)
"""From texts [items], the items that they answer and the classes' names to what is answered."""


@dataclass
class DecoderGenerator(AskedDecoder):
    """The likeliest token, one after another, up to the end token or `most` tokens."""

    most: int = 32
    read: Read = _themselves
    """What texts answer: themselves, [items] of str, numbers, [items, 1], or spans."""
    stop: Stop = first_line
    """What of a text is the answer."""

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        texts = self.without_citations(super().predict(items, clock), items)
        return self.read(texts, items, self.writer.options)

    def answer(self, items: Sequence[Question], prefix: Prefix) -> np.ndarray:
        """The texts that it writes, [items] of str."""
        self.loaded.model.eval()
        tokenizer = self.loaded.tokenizer
        rows: dict[int, str] = {}
        with torch.inference_mode(), self.device.autocast_context():
            for indices in by_length([len(item.prompt) for item in items], BATCH):
                prompts = [items[i].prompt for i in indices]
                given = greedy(self.loaded.model, prefix, prompts, self.most,
                               tokenizer.pad_token_id, [tokenizer.eos_token_id])
                texts = tokenizer.batch_decode(given, skip_special_tokens=True)
                rows.update(zip(indices, map(self.stop, texts), strict=True))
        return as_written([rows[i] for i in range(len(items))])

    def written(self, items: Sequence[Item], before: Sequence[Parts] | None
                ) -> list[Question]:
        """Prompts without an answer."""
        return [Question(prompt, NONE) for prompt in self.writer.prompts(items, before)]

    def brief(self) -> DecoderGenerator:
        return replace(self, most=1)

    def room(self, questions: Sequence[Question]) -> int:
        return max(self.most, super().room(questions))

    def held(self, examples: Sequence[Example], before: Sequence[Parts] | None = None
             ) -> list[Question]:
        """The first reference of each item."""
        return self.writer.right(examples, before)

    def said_of(self, items: Sequence[Question], prefix: Prefix) -> np.ndarray:
        """-log p(first reference) of each item, in nats: [items]."""
        self.loaded.model.eval()
        losses = np.zeros(len(items))
        lengths = [len(item.prompt) + len(item.answers.tokens) for item in items]
        with torch.inference_mode(), self.device.autocast_context():
            for indices in by_length(lengths, BATCH):
                scores = score_options(
                    self.loaded.model, prefix, [items[i].prompt for i in indices],
                    [items[i].answers for i in indices], self.loaded.tokenizer.pad_token_id)
                losses[indices] = -torch.cat(scores).double().cpu().numpy()
        return losses

    def held_out(self, said: np.ndarray, asks: Sequence[Question], prefix: Prefix, job: Job
                 ) -> HeldOut:
        loss = mean_of(said, job.validation)
        if job.metric is None or not np.isfinite(loss):
            return HeldOut(None, loss, worth(job.validation))
        texts = self.without_citations(self.answer(asks, prefix), job.validation)
        answers = self.read(texts, job.validation, self.writer.options)
        return said_by(answers, job, loss)
