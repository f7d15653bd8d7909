"""A model that is asked with the task's prompt, whatever the form of its answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.backbones.load import Loaded
from harness.backbones.prompting.options import OptionTree
from harness.backbones.prompting.prompts import PromptWriter, shared_head
from harness.backbones.prompting.questions import Question
from harness.backbones.prompting.score import Prefix, read_prefix
from harness.backbones.prompting.scoring_check import check_scoring
from harness.backbones.prompting.texts import Parts
from harness.backbones.traits import is_seq2seq
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.errors import CannotRunError
from harness.methods.asking.lookup import LooksUp, Lookup
from harness.methods.asking.put import Put, put_in_tokens
from harness.methods.fitted import Declared
from harness.methods.job import Job
from harness.methods.learning.encoder import count_parameters
from harness.methods.learning.validated import HeldOut
from harness.tasks.examples import Example, Item

BATCH = 16
Save = Callable[[Loaded, Path], None]


@dataclass
class AskedDecoder(LooksUp, ABC):
    """Reads what all prompts begin with once."""

    loaded: Loaded
    writer: PromptWriter
    device: Device
    save_model: Save
    lookup: Lookup[Any] | None = None
    kept: tuple[list[int], Prefix] | None = None
    """The last head that was read, with its keys and values: weights are final when items are
    predicted."""
    shown: tuple[list[Parts] | None, list[Parts] | None] = (None, None)
    """What stands before each training and each validation item while it learns."""
    first: dict[str, tuple[list[int], OptionTree, Parts]] = field(default_factory=dict)
    """By id, of the first item of each call of `predict`: its prompt, the answers behind it, and
    what was retrieved for it."""
    cited: dict[str, int | None] = field(default_factory=dict)

    @property
    def head(self) -> list[int]:
        """What prompts begin with; those at hand may have less of it in common."""
        return self.writer.head

    @property
    def declares(self) -> Declared:
        """See `Declared`."""
        return Declared(model=self.loaded, finds=self, cites=self, prompted=self, asked=self)

    @property
    def parameters(self) -> tuple[int, int]:
        return count_parameters(self.loaded.model)

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        before = self.before(items, clock)
        with clock.phase("tokenize"):
            questions = self.written(items, before)
        with clock.phase("generate"):
            behind, prefix = self.behind_head(questions)
            self.keep(items[0], behind[0], before)
            return self.answer(behind, prefix)

    def keep(self, item: Item, behind: Question, before: Sequence[Parts] | None) -> None:
        """Note what was put to the model for an item: the head that was read, what stands behind
        it, and what was retrieved for the items, this one first."""
        head = self.kept[0] if self.kept else []
        self.first[item.id] = ([*head, *behind.prompt], behind.answers, before[0] if before else ())

    def put_to(self, item: str) -> Put:
        """See `Prompted`."""
        return put_in_tokens(self.writer, *self.first[item])

    def study(self, job: Job) -> None:
        """Look up what stands before the items that it learns from, and is looked at by."""
        lookup = self.lookup
        if lookup is not None and lookup.study is not None:
            shown = lookup.study(job.train, job.clock)
            self.shown = (lookup.written(self.writer, shown, job.clock),
                          self.before(job.validation, job.clock))

    def settle(self) -> None:
        """Nothing is made ready for answers when it has learned."""

    def brief(self) -> AskedDecoder:
        """The same, which writes at most one token where it writes."""
        return self

    def behind_head(self, questions: Sequence[Question]) -> tuple[list[Question], Prefix]:
        """What stands behind the head that all items' prompts have, and the head's keys and values.
        Raises as `check_window`."""
        return self._behind(shared_head(self.head, [one.prompt for one in questions]), questions)

    def behind_own_head(self, questions: Sequence[Question]) -> tuple[list[Question], Prefix]:
        """The same behind all that just these prompts begin with."""
        return self._behind(shared_head(None, [one.prompt for one in questions]), questions)

    def _behind(self, head: list[int], questions: Sequence[Question]
                ) -> tuple[list[Question], Prefix]:
        self.check_window(questions)
        if self.kept is None:
            self.loaded.model.eval()
            check_scoring(self.loaded.model)
        if self.kept is None or self.kept[0] != head:
            self.kept = head, self.read_head(head)
        return [question.behind(head) for question in questions], self.kept[1]

    def write(self, items: Sequence[Item], clock: Clock) -> list[Question]:
        """Each item's whole prompt, and the answers to score behind it."""
        before = self.before(items, clock)
        with clock.phase("tokenize"):
            return self.written(items, before)

    def before(self, items: Sequence[Item], clock: Clock) -> list[Parts] | None:
        """What is retrieved for each item; None for a model that is asked without retrieval."""
        return self.lookup.before(self.writer, items, clock) if self.lookup else None

    @abstractmethod
    def written(self, items: Sequence[Item], before: Sequence[Parts] | None
                ) -> list[Question]:
        """What `write` returns, with what was retrieved for the items."""

    @abstractmethod
    def answer(self, items: Sequence[Question], prefix: Prefix) -> np.ndarray:
        """What `predict` returns, for what stands behind the head of these keys and values."""

    @abstractmethod
    def held(self, examples: Sequence[Example], before: Sequence[Parts] | None = None
             ) -> list[Question]:
        """What `said_of` scores of each item, with what was retrieved for them."""

    @abstractmethod
    def said_of(self, items: Sequence[Question], prefix: Prefix) -> np.ndarray:
        """What the weights as they are now say of held items: [items, …]."""

    @abstractmethod
    def held_out(self, said: np.ndarray, asks: Sequence[Question], prefix: Prefix, job: Job
                 ) -> HeldOut:
        """Figures of what `said_of` gave for the job's validation items; `asks` are what `written`
        has of them, behind the head of these keys and values."""

    def read_head(self, head: Sequence[int]) -> Prefix:
        """Keys and values of what prompts begin with under the weights as they are now."""
        self.loaded.model.eval()
        with torch.inference_mode(), self.device.autocast_context():
            return read_prefix(self.loaded.model, head)

    def save(self, folder: Path) -> None:
        self.save_model(self.loaded, folder)
        if self.retriever is not None:
            self.retriever.save(folder)

    def check_window(self, questions: Sequence[Question]) -> None:
        """Raise CannotRunError where a prompt and its answer do not fit the model's window."""
        prompt = max(len(question.prompt) for question in questions)
        answer, window = self.room(questions), self.loaded.window
        # An encoder-decoder's answer has a window of its own.
        longest = max(prompt, answer) if is_seq2seq(self.loaded.model) else prompt + answer
        if longest > window:
            raise CannotRunError(f"a prompt of {prompt} tokens and an answer of {answer} are "
                                 f"longer than the model's window of {window}: lower max_length, "
                                 "shots or tokens")

    def room(self, questions: Sequence[Question]) -> int:
        """The most tokens that are read of an answer."""
        return max(question.answers.longest for question in questions)
