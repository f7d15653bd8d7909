"""A model that answers the task's prompt: how it is asked, and how it learns."""

from __future__ import annotations

import copy
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
from harness.backbones.options import OptionTree
from harness.backbones.score import Prefix, apart, read_prefix, score_options
from harness.backbones.traits import is_seq2seq
from harness.backbones.writers import writer_for
from harness.common.clock import Clock
from harness.methods.asked import BATCH, AskedDecoder, Save
from harness.methods.generator import DecoderGenerator
from harness.methods.link import LINKS, Link, held_out_loss
from harness.methods.method import Job
from harness.tasks.examples import Example

ROOM_FOR_OPTIONS = 64


@dataclass
class DecoderClassifier(AskedDecoder):
    """Turns the log-likelihoods of the answer options into probabilities."""

    link: Link = LINKS["classification"]
    tree: OptionTree = field(init=False)

    def __post_init__(self) -> None:
        self.tree = self.writer.tree()

    def answer(self, items: Sequence[list[int]], prefix: Prefix) -> np.ndarray:
        """Probabilities of the classes, [items, classes]."""
        return self._answer(items, [self.tree] * len(items), prefix)

    def _answer(self, items: Sequence[list[int]], trees: Sequence[OptionTree], prefix: Prefix
                ) -> np.ndarray:
        self.loaded.model.eval()
        rows: dict[int, np.ndarray] = {}
        with torch.inference_mode(), self.device.autocast_context():
            for indices in by_length([len(item) for item in items], BATCH):
                scores = score_options(self.loaded.model, prefix, [items[i] for i in indices],
                                       [trees[i] for i in indices],
                                       self.loaded.tokenizer.pad_token_id)
                for i, score in zip(indices, scores, strict=True):
                    rows[i] = self.link.of_options(score.double().cpu().numpy())
        return np.stack([rows[i] for i in range(len(items))])

    def held_trees(self, examples: Sequence[Example]) -> list[OptionTree]:
        """All answers, for each item."""
        return [self.tree] * len(examples)

    def held_loss(self, items: Sequence[list[int]], trees: Sequence[OptionTree],
                  examples: Sequence[Example], prefix: Prefix) -> float:
        """Log loss of the classes' probabilities."""
        return held_out_loss(self.link, self._answer(items, trees, prefix), examples)


def nothing_to_save(loaded: Loaded, folder: Path) -> None:
    """For methods that leave the backbone as it is."""


def plain_decoder(job: Job, shots: Sequence[Example] = (), loaded: Loaded | None = None,
                  save: Save = nothing_to_save) -> AskedDecoder:
    """The task's prompt on the job's backbone, with worked examples in the shared head."""
    if loaded is None:
        loaded = load_asked(job.need_backbone(), job.device.type)
        freeze(loaded.model)
    cast_once(loaded.model)
    writer = writer_for(job.need_backbone().kind, loaded.tokenizer, job.task,
                        job.budget.max_length)

    def write(examples: Sequence[Example], clock: Clock) -> list[list[int]]:
        with clock.phase("tokenize"):
            return [writer.tail(example) for example in examples]

    head = writer.head(shots)
    if job.task.kind == "generation":
        return DecoderGenerator(loaded, writer, head, job.device, write, save,
                                job.task.answer_tokens)
    return DecoderClassifier(loaded, writer, head, job.device, write, save, ROOM_FOR_OPTIONS,
                             link=LINKS[job.task.kind])


class DecoderLearner:
    """-log p(answer) of the right answer, through the scoring function used to predict; the mean
    over an item's answers where it is asked of each class.

    The shared head is read once a step, with gradients: the same loss as reading it for each
    item, at a fraction of the tokens. An encoder reads it again with each item.
    """

    states: KeptStates | None = None
    _shared: Prefix | None = None

    def __init__(self, asked: AskedDecoder, job: Job) -> None:
        self.asked = asked
        self.job = job
        clock = Clock()
        self.items = asked.write(job.train, clock)
        self.held = asked.write(job.validation, clock)
        asked.check_window([*self.items, *self.held])
        self.trees = [asked.writer.right_tree(example) for example in job.train]
        self.held_trees = asked.held_trees(job.validation)
        again = len(asked.head) if self._reads_again() else 0
        self._lengths = [again + len(item) + len(tree.tokens)
                         for item, tree in zip(self.items, self.trees, strict=True)]

    @property
    def model(self) -> Any:
        """The model that learns."""
        return self.asked.loaded.model

    @property
    def padding(self) -> int:
        """The id that batches are padded with."""
        return int(self.asked.loaded.tokenizer.pad_token_id)

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
            return Prefix(again=tuple(self.asked.head))
        return read_prefix(self.model, self.asked.head)

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
            scores = score_options(self.model, prefix, [self.items[i] for i in indices],
                                   [self.trees[i] for i in indices], self.padding)
        return -torch.stack([score.mean() for score in scores]).sum()

    def validate(self) -> float:
        prefix = self.asked.read_head()
        with reading(self.states):
            return self.asked.held_loss(self.held, self.held_trees, self.job.validation, prefix)

    def reads_more(self) -> bool:
        """Whether an item is read with more than its own tokens: with the head, where the model
        does not keep all of it."""
        return bool(self._read_head().again)

    def through(self, states: KeptStates) -> DecoderLearner:
        """The same, with `states` of its items and their answers behind the shared head."""
        other = copy.copy(self)
        other.states = states
        other.items, other.held = ([states.slots(item) for item in items]
                                   for items in (self.items, self.held))
        other.trees, other.held_trees = (
            [replace(tree, tokens=states.slots(tree.tokens)) for tree in trees]
            for trees in (self.trees, self.held_trees))
        return other
