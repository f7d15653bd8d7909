"""A model that answers the task's prompt: how it is asked, and how it learns."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.backbones.batches import by_length, passes
from harness.backbones.blocks import freeze
from harness.backbones.casts import cast_once
from harness.backbones.kept_states import KeptStates, reading
from harness.backbones.load import Loaded, load_asked
from harness.backbones.prompts import shared_head
from harness.backbones.questions import Question
from harness.backbones.score import Prefix, apart, read_prefix, score_options
from harness.backbones.texts import Parts
from harness.backbones.traits import is_seq2seq
from harness.backbones.writers import writer_for
from harness.common.clock import Clock
from harness.methods.asked import BATCH, AskedDecoder, Save
from harness.methods.balance import ALIKE, Weighing
from harness.methods.generator import DecoderGenerator
from harness.methods.link import LINKS, Link, held_out_loss
from harness.methods.method import Job
from harness.methods.scores import PLAIN, Rule, scores
from harness.tasks.examples import Example

OFFSET = "offset.json"


@dataclass
class DecoderClassifier(AskedDecoder):
    """Turns the log-likelihoods of the answer options into probabilities."""

    link: Link = LINKS["classification"]
    rule: Rule = PLAIN
    offset: np.ndarray = field(default_factory=lambda: np.zeros(1))
    """Of the rule, [answers], where it is the same for all items."""

    @property
    def beside_each(self) -> int:
        """Prompts that are read beside each item's, because what is retrieved changes the offset.
        """
        return self.rule.prompts if self.rule.minds_context and self.retrieve is not None else 0

    def score_by(self, rule: Rule) -> None:
        """Answer by a rule; where its offset is the same for all items, find it once."""
        self.rule, self.offset = rule, np.zeros(1)
        if rule.prompts and not self.beside_each:
            log_p = self.log_likelihoods(*self.behind_own_head(rule.beside(self.writer, ())))
            self.offset = rule.offset(log_p, self.link)

    def predict(self, examples: Sequence[Example], clock: Clock) -> np.ndarray:
        """As the base has it; where each item has an offset of its own, what its prompt and those
        beside it begin with is read once, item by item."""
        if not self.beside_each:
            return super().predict(examples, clock)
        before = self.before(examples, clock)
        with clock.phase("tokenize"):
            groups = [[*self.writer.questions([example], [parts]),
                       *self.rule.beside(self.writer, parts)]
                      for example, parts in zip(examples, before or (), strict=True)]
        with clock.phase("generate"):
            return np.concatenate([self._beside_others(*self.behind_own_head(group))
                                   for group in groups])

    def answer(self, items: Sequence[Question], prefix: Prefix) -> np.ndarray:
        """Probabilities of the classes, [items, classes]."""
        return self._probabilities(self.log_likelihoods(items, prefix), self.offset, items)

    def _beside_others(self, items: Sequence[Question], prefix: Prefix) -> np.ndarray:
        """Of the first item, [1, classes]; the others tell its offset."""
        log_p = self.log_likelihoods(items, prefix)
        return self._probabilities(log_p[:1], self.rule.offset(log_p[1:], self.link), items[:1])

    def _probabilities(self, log_p: np.ndarray, offset: np.ndarray, items: Sequence[Question]
                       ) -> np.ndarray:
        found = scores(self.rule, log_p, offset, self.writer, items)
        return np.stack([self.link.of_options(row) for row in found])

    def log_likelihoods(self, items: Sequence[Question], prefix: Prefix) -> np.ndarray:
        """log p of every answer in nats, [items, answers]."""
        self.loaded.model.eval()
        rows: dict[int, np.ndarray] = {}
        with torch.inference_mode(), self.device.autocast_context():
            for indices in by_length([len(item.prompt) for item in items], BATCH):
                found = score_options(
                    self.loaded.model, prefix, [items[i].prompt for i in indices],
                    [items[i].answers for i in indices], self.loaded.tokenizer.pad_token_id)
                rows.update((i, one.double().cpu().numpy())
                            for i, one in zip(indices, found, strict=True))
        return np.stack([rows[i] for i in range(len(items))])

    def written(self, examples: Sequence[Example], before: Sequence[Parts] | None
                ) -> list[Question]:
        """Prompts with all answers."""
        return self.writer.questions(examples, before)

    def save(self, folder: Path) -> None:
        super().save(folder)
        if self.rule.prompts and not self.beside_each:
            (folder / OFFSET).write_text(json.dumps(self.offset.tolist()), encoding="utf-8")

    def read_rule(self, rule: Rule, folder: Path) -> None:
        """Answer by a rule as what was saved did."""
        self.rule = rule
        if rule.prompts and not self.beside_each:
            self.offset = np.array(json.loads((folder / OFFSET).read_text(encoding="utf-8")))

    def held(self, examples: Sequence[Example]) -> list[Question]:
        """All answers, for each item."""
        return self.writer.questions(examples)

    def held_loss(self, items: Sequence[Question], examples: Sequence[Example], prefix: Prefix
                  ) -> float:
        """Log loss of the classes' probabilities."""
        return held_out_loss(self.link, self.answer(items, prefix), examples)


def nothing_to_save(loaded: Loaded, folder: Path) -> None:
    """For methods that leave the backbone as it is."""


def plain_decoder(job: Job, shots: Sequence[Example] = (), loaded: Loaded | None = None,
                  save: Save = nothing_to_save) -> AskedDecoder:
    """The task's prompt on the job's backbone, with worked examples before all items."""
    if loaded is None:
        loaded = load_asked(job.need_backbone(), job.device.type)
        freeze(loaded.model)
    cast_once(loaded.model)
    writer = replace(writer_for(job.need_backbone().kind, loaded.tokenizer, job.task,
                                job.budget.max_length), shown=tuple(shots))
    if job.task.kind == "generation":
        return DecoderGenerator(loaded, writer, job.device, save, most=job.task.answer_tokens)
    return DecoderClassifier(loaded, writer, job.device, save, link=LINKS[job.task.kind])


class DecoderLearner:
    """-log p(answer) of the right answer, through the scoring function used to predict; the mean
    over an item's answers where it is asked of each class.

    The shared head is read once a step, with gradients: the same loss as reading it for each
    item, at a fraction of the tokens. An encoder reads it again with each item.
    """

    states: KeptStates | None = None
    _shared: Prefix | None = None

    def __init__(self, asked: AskedDecoder, job: Job, weighing: Weighing = ALIKE) -> None:
        self.asked = asked
        self.job = job
        self.weighing = weighing
        train, held = asked.writer.right(job.train), asked.held(job.validation)
        asked.check_window([*train, *held])
        self.head = shared_head(asked.head, [item.prompt for item in (*train, *held)])
        self.items, self.held = ([item.behind(self.head) for item in items]
                                 for items in (train, held))
        again = len(self.head) if self._reads_again() else 0
        self._lengths = [again + len(item.prompt) + len(item.answers.tokens)
                         for item in self.items]

    @property
    def model(self) -> Any:
        """The model that learns."""
        return self.asked.loaded.model

    @property
    def padding(self) -> int:
        """The id that batches are padded with."""
        return int(self.asked.loaded.tokenizer.pad_token_id)

    def begin(self, epoch: int) -> None:
        """Every epoch has the same items."""

    def lengths(self) -> list[int]:
        return self._lengths

    def passes(self, indices: list[int], most: int, overhead: int) -> list[list[int]]:
        return passes(indices, self._lengths, most, overhead)

    def _reads_again(self) -> bool:
        """Whether every item is read with the head. Where weights are sharded, no gradient can
        enter the model by the keys and values that an earlier pass kept."""
        return is_seq2seq(self.model) or self.job.ranks.sharded

    def _read_head(self) -> Prefix:
        if self._reads_again():
            return Prefix(again=tuple(self.head))
        return read_prefix(self.model, self.head)

    @contextmanager
    def sharing(self) -> Iterator[None]:
        prefix = self._read_head()
        self._shared, give_back = apart(prefix)
        try:
            yield
            give_back()
        finally:
            self._shared = None

    def loss(self, indices: list[int]) -> torch.Tensor:
        prefix = self._shared or self._read_head()
        with reading(self.states):
            scores = score_options(self.model, prefix, [self.items[i].prompt for i in indices],
                                   [self.items[i].answers for i in indices], self.padding)
        return self.weighing.of(-torch.stack(list(scores)), indices)

    def validate(self) -> float:
        prefix = self.asked.read_head(self.head)
        with reading(self.states):
            return self.asked.held_loss(self.held, self.job.validation, prefix)

    def reads_more(self) -> bool:
        """Whether an item is read with more than its own tokens: with the head, where the model
        does not keep all of it."""
        return bool(self._read_head().again)

    def through(self, states: KeptStates) -> DecoderLearner:
        """The same, with `states` of its items and their answers behind the shared head."""
        other = copy.copy(self)
        other.states = states
        other.items, other.held = (
            [Question(states.slots(item.prompt),
                      replace(item.answers, tokens=states.slots(item.answers.tokens)))
             for item in items] for items in (self.items, self.held))
        return other
