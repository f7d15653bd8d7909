"""Replay: passages of general text, learned beside the task's items so that they are not forgotten.

With a share r, the items of a step bring r / (1 - r) times their tokens of passages, so that r of
the step's tokens are general. A step's loss is

    (1 - r) * mean over items of -log p(answer)  +  r * mean over tokens of -log p(token),

where the first token of a passage is given. Rehearsal of a share of what came before is Robins'
(1995, Catastrophic forgetting, rehearsal and pseudorehearsal); general text beside the task's is
how language models are kept from drifting (Ouyang et al. 2022, InstructGPT, equation 2; Ibrahim et
al. 2024, Simple and Scalable Strategies to Continually Pre-train Large Language Models, section 4).
"""

from __future__ import annotations

import random
from contextlib import AbstractContextManager
from itertools import accumulate, pairwise

import torch

from harness.backbones.batches import Cut, passes
from harness.backbones.load import Loaded
from harness.backbones.prompting.passages import SHORTEST, passage_scores, passage_tokens
from harness.common.errors import CannotRunError
from harness.methods.job import Job
from harness.methods.learning.decoder import read_to_learn
from harness.methods.learning.step import Learner
from harness.methods.learning.validated import HeldOut


class Replayed:
    """A learner whose steps hold passages beside their items. Within a pass, numbers from that of
    the training items on are the step's passages."""

    def __init__(self, learner: Learner, loaded: Loaded, job: Job, share: float) -> None:
        self.learner, self.loaded, self.job, self.share = learner, loaded, job, share
        self.texts = passage_tokens(loaded.tokenizer, job.general, loaded.window)
        if not self.texts:
            raise CannotRunError("there are no passages of general text to learn")
        self.first = len(job.train)
        self.drawn: list[list[int]] = []
        self.items = 1
        self.begin(0)

    @property
    def model(self) -> object:
        """The model that learns."""
        return self.learner.model

    @property
    def states(self) -> object | None:
        """The learner's."""
        return self.learner.states

    def begin(self, epoch: int) -> None:
        self.learner.begin(epoch)
        self.epoch = epoch
        self.own = self.learner.lengths()
        # Rounded along the way, so that what short items bring adds up to the share, too.
        due = [round(total * self.share / (1 - self.share))
               for total in accumulate(self.own, initial=0)]
        self.brings = [after - before for before, after in pairwise(due)]

    def lengths(self) -> list[int]:
        """Tokens of each item, and of the passages that it brings."""
        return [own + brings for own, brings in zip(self.own, self.brings, strict=True)]

    def passes(self, indices: list[int], cut: Cut) -> list[list[int]]:
        """Those of the items, then those of the passages."""
        self.items, self.drawn = len(indices), self._draw(indices)
        of_passages = passes(range(len(self.drawn)), [len(ids) for ids in self.drawn], cut)
        return [*self.learner.passes(indices, cut),
                *([self.first + place for place in part] for part in of_passages)]

    def sharing(self) -> AbstractContextManager[None]:
        return self.learner.sharing()

    def loss(self, indices: list[int]) -> torch.Tensor:
        """The items' losses times 1 - r; of passages what makes their mean over tokens, times r, of
        it once it is divided by the number of the step's items."""
        if indices[0] < self.first:
            return (1 - self.share) * self.learner.loss(indices)
        scores = passage_scores(
            self.model, read_to_learn(self.model, [], self.job),
            [self.drawn[i - self.first] for i in indices], self.loaded.tokenizer.pad_token_id)
        said = sum(len(ids) - 1 for ids in self.drawn)
        return -torch.stack(scores).sum() * (self.share * self.items / said)

    def validate(self) -> HeldOut:
        return self.learner.validate()

    def _draw(self, indices: list[int]) -> list[list[int]]:
        """As many tokens as the items bring, the last passage cut: the same where a step is taken
        again."""
        left = sum(self.brings[i] for i in indices)
        order = random.Random(f"{self.job.seed}:replay:{self.epoch}:{indices[0]}")
        drawn: list[list[int]] = []
        while left > 0:
            ids = self.texts[order.randrange(len(self.texts))][:max(SHORTEST, left)]
            drawn.append(ids)
            left -= len(ids)
        return drawn
