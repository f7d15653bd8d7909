"""A decoder that answers with one of the task's options, or with yes and no to each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from harness.backbones.batches import by_length
from harness.backbones.prompting.questions import Question
from harness.backbones.prompting.score import Prefix, score_options
from harness.backbones.prompting.texts import Parts
from harness.common.clock import Clock
from harness.methods.asking.asked import BATCH, AskedDecoder
from harness.methods.asking.scores import PLAIN, Rule, scores
from harness.methods.fitted import Declared
from harness.methods.job import Job
from harness.methods.learning.held_out import of_classes
from harness.methods.learning.validated import HeldOut
from harness.methods.link import CLASS_LINKS, ClassLink
from harness.tasks.examples import Example, Item

OFFSET = "offset.json"


@dataclass
class DecoderClassifier(AskedDecoder):
    """Turns the log-likelihoods of the answer options into probabilities."""

    link: ClassLink = CLASS_LINKS["classification"]
    rule: Rule = PLAIN
    offset: np.ndarray = field(default_factory=lambda: np.zeros(1))
    """Of the rule, [answers], where it is the same for all items."""

    @property
    def declares(self) -> Declared:
        return replace(super().declares, scored=self)

    @property
    def beside_each(self) -> int:
        """Prompts that are read beside each item's, because what is retrieved changes the offset.
        """
        return self.rule.prompts if self.rule.minds_context and self.lookup else 0

    def score_by(self, rule: Rule) -> None:
        """Answer by a rule; where its offset is the same for all items, find it once."""
        self.rule, self.offset = rule, np.zeros(1)
        if rule.prompts and not self.beside_each:
            log_p = self.log_likelihoods(*self.behind_own_head(rule.beside(self.writer, ())))
            self.offset = rule.offset(log_p, self.link)

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        """As the base has it; where each item has an offset of its own, what its prompt and those
        beside it begin with is read once, item by item."""
        if not self.beside_each:
            return super().predict(items, clock)
        before = self.before(items, clock)
        with clock.phase("tokenize"):
            groups = [[*self.writer.questions([item], [parts]),
                       *self.rule.beside(self.writer, parts)]
                      for item, parts in zip(items, before or (), strict=True)]
        with clock.phase("generate"):
            first, *others = groups
            behind, prefix = self.behind_own_head(first)
            self.keep(items[0], behind[0], before)
            return np.concatenate([self._beside_others(behind, prefix),
                                   *(self._beside_others(*self.behind_own_head(group))
                                     for group in others)])

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

    def written(self, items: Sequence[Item], before: Sequence[Parts] | None
                ) -> list[Question]:
        """Prompts with all answers."""
        return self.writer.questions(items, before)

    def save(self, folder: Path) -> None:
        super().save(folder)
        if self.rule.prompts and not self.beside_each:
            (folder / OFFSET).write_text(json.dumps(self.offset.tolist()), encoding="utf-8")

    def read_rule(self, rule: Rule, folder: Path) -> None:
        """Answer by a rule as what was saved did."""
        self.rule = rule
        if rule.prompts and not self.beside_each:
            self.offset = np.array(json.loads((folder / OFFSET).read_text(encoding="utf-8")))

    def held(self, examples: Sequence[Example], before: Sequence[Parts] | None = None
             ) -> list[Question]:
        """All answers, for each item."""
        return self.writer.questions(examples, before)

    def said_of(self, items: Sequence[Question], prefix: Prefix) -> np.ndarray:
        """The classes' probabilities, [items, classes]."""
        return self.answer(items, prefix)

    def held_out(self, said: np.ndarray, asks: Sequence[Question], prefix: Prefix, job: Job
                 ) -> HeldOut:
        return of_classes(self.link, said, job.validation, job.metric)
