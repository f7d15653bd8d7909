"""A model that answers the task's prompt: how it is asked, and how it learns."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from harness.backbones.activations import computes_again
from harness.backbones.batches import Cut, passes
from harness.backbones.blocks import freeze
from harness.backbones.kernels.casts import cast_once
from harness.backbones.kernels.kept_states import KeptStates, reading
from harness.backbones.load import Loaded, load_asked
from harness.backbones.prompting.prompts import shared_head
from harness.backbones.prompting.questions import Question
from harness.backbones.prompting.score import Prefix, apart, read_prefix, score_options
from harness.backbones.prompting.writers import writer_for
from harness.backbones.traits import is_seq2seq
from harness.methods.asking.asked import AskedDecoder, Save
from harness.methods.asking.classifier import DecoderClassifier
from harness.methods.asking.generator import READ, DecoderGenerator
from harness.methods.asking.lookup import Lookup
from harness.methods.asking.stops import stop_of
from harness.methods.job import Job
from harness.methods.learning.balance import ALIKE, Weighing
from harness.methods.learning.validated import HeldOut
from harness.methods.link import CLASS_LINKS
from harness.tasks.examples import Example


def nothing_to_save(loaded: Loaded, folder: Path) -> None:
    """For methods that leave the backbone as it is."""


def plain_decoder(job: Job, shots: Sequence[Example] = (), loaded: Loaded | None = None,
                  save: Save = nothing_to_save, lookup: Lookup[Any] | None = None) -> AskedDecoder:
    """The task's prompt on the job's backbone, with worked examples before all items, or what is
    looked up before each."""
    if loaded is None:
        loaded = load_asked(job.need_backbone(), job.device.type, job.products)
        freeze(loaded.model)
    cast_once(loaded.model)
    writer = replace(writer_for(job.need_backbone().kind, loaded.tokenizer, job.task,
                                job.budget.max_length), shown=tuple(shots))
    if job.written:
        return DecoderGenerator(loaded, writer, job.device, save, lookup,
                                most=job.task.answer_tokens, read=READ[job.task.kind],
                                stop=stop_of(job.task.answer_lines, writer.frame))
    return DecoderClassifier(loaded, writer, job.device, save, lookup,
                             link=CLASS_LINKS[job.task.kind])


def reads_again(model: Any, job: Job) -> bool:
    """Whether every item is read with what all begin with. Where weights are sharded, or states
    computed again, no gradient can enter the model by the keys and values that an earlier pass
    kept."""
    return is_seq2seq(model) or job.ranks.sharded or computes_again(model)


def read_to_learn(model: Any, tokens: Sequence[int], job: Job) -> Prefix:
    """What all that is learned from in a pass begins with, with gradients."""
    return Prefix(again=tuple(tokens)) if reads_again(model, job) else read_prefix(model, tokens)


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
        shown, before = asked.shown
        train = asked.writer.right(job.train, shown)
        held, asks = asked.held(job.validation, before), asked.written(job.validation, before)
        asked.check_window([*train, *held])
        self.head = shared_head(asked.head, [item.prompt for item in (*train, *held, *asks)])
        self.items, self.held, self.asks = ([item.behind(self.head) for item in items]
                                            for items in (train, held, asks))
        again = len(self.head) if reads_again(self.model, job) else 0
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

    def passes(self, indices: list[int], cut: Cut) -> list[list[int]]:
        return passes(indices, self._lengths, cut)

    def _read_head(self) -> Prefix:
        return read_to_learn(self.model, self.head, self.job)

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

    def validate(self) -> HeldOut:
        prefix = self.asked.read_head(self.head)
        with reading(self.states):
            said = self.asked.said_of(self.held, prefix)
        # Words that the model finds by itself have no kept states.
        return self.asked.held_out(said, self.asks, prefix, self.job)

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
