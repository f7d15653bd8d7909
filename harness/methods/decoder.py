"""A decoder that answers the task's prompt: how it is asked, and how it learns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.backbones.batches import by_length
from harness.backbones.blocks import freeze
from harness.backbones.load import Loaded, load_causal
from harness.backbones.options import OptionTree, option_tree
from harness.backbones.prompts import PromptWriter, prompt_writer
from harness.backbones.score import Prefix, read_prefix, score_options
from harness.backbones.scoring_check import check_scoring
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.errors import CannotRunError
from harness.methods.encoder import count_parameters, validation_loss
from harness.methods.method import Job
from harness.methods.retriever import Retriever
from harness.tasks.examples import Example

BATCH = 16
ROOM_FOR_ANSWERS = 64
Save = Callable[[Loaded, Path], None]
Write = Callable[[Sequence[Example], Clock], list[list[int]]]


@dataclass
class DecoderClassifier:
    """Asks for each item and softmaxes the log-likelihoods of the answer options.

    `head` is read once and shared by all prompts; `write` gives each item's own tokens.
    """

    loaded: Loaded
    writer: PromptWriter
    head: list[int]
    device: Device
    write: Write
    save_model: Save
    retriever: Retriever | None = None
    k: int = 0
    prefix: Prefix | None = None
    """The head's keys and values, kept from the first prediction on: weights are final then."""
    tree: OptionTree = field(init=False)

    def __post_init__(self) -> None:
        self.tree = option_tree(self.writer.answers())

    @property
    def parameters(self) -> tuple[int, int]:
        return count_parameters(self.loaded.model)

    def predict(self, examples: Sequence[Example], clock: Clock) -> np.ndarray:
        items = self.write(examples, clock)
        with clock.phase("generate"):
            if self.prefix is None:
                self.loaded.model.eval()
                check_scoring(self.loaded.model)
                self.prefix = self.read_head()
            return self.probabilities(items, self.prefix)

    def read_head(self) -> Prefix:
        """Keys and values of the shared head under the weights as they are now."""
        self.loaded.model.eval()
        with torch.inference_mode(), self.device.autocast_context():
            return read_prefix(self.loaded.model, self.head)

    def probabilities(self, items: Sequence[list[int]], prefix: Prefix) -> np.ndarray:
        """Probabilities of the options for each item's tokens, [items, options]."""
        self.loaded.model.eval()
        self._check_window(items)
        rows: dict[int, np.ndarray] = {}
        with torch.inference_mode(), self.device.autocast_context():
            for indices in by_length([len(item) for item in items], BATCH):
                scores = score_options(self.loaded.model, prefix, [items[i] for i in indices],
                                       [self.tree] * len(indices),
                                       self.loaded.tokenizer.pad_token_id)
                for i, score in zip(indices, scores, strict=True):
                    rows[i] = score.double().softmax(dim=-1).cpu().numpy()
        return np.stack([rows[i] for i in range(len(items))])

    def save(self, folder: Path) -> None:
        self.save_model(self.loaded, folder)
        if self.retriever is not None:
            self.retriever.save(folder)

    def _check_window(self, items: Sequence[list[int]]) -> None:
        longest = len(self.head) + max(map(len, items)) + ROOM_FOR_ANSWERS
        if longest > self.loaded.window:
            raise CannotRunError(f"a prompt of {longest} tokens is longer than the model's window "
                                 f"of {self.loaded.window}: lower max_length, shots or k")


def nothing_to_save(loaded: Loaded, folder: Path) -> None:
    """For methods that leave the backbone as it is."""


def plain_decoder(job: Job, shots: Sequence[Example] = (), loaded: Loaded | None = None,
                  save: Save = nothing_to_save) -> DecoderClassifier:
    """The task's prompt on the job's backbone, with worked examples in the shared head."""
    if loaded is None:
        loaded = load_causal(job.need_backbone(), job.device.type)
        freeze(loaded.model)
    writer = prompt_writer(loaded.tokenizer, job.task.prompt, job.task.options,
                           job.budget.max_length)

    def write(examples: Sequence[Example], clock: Clock) -> list[list[int]]:
        with clock.phase("tokenize"):
            return [writer.tail(example) for example in examples]

    return DecoderClassifier(loaded, writer, writer.head(shots), job.device, write, save)


class DecoderLearner:
    """-log p(answer) of the true option, through the scoring function used to predict.

    The shared head is read once a batch, with gradients: the same loss as reading it for each
    item, at a fraction of the tokens.
    """

    def __init__(self, classifier: DecoderClassifier, job: Job) -> None:
        self.classifier = classifier
        self.job = job
        clock = Clock()
        self.items = classifier.write(job.train, clock)
        self.held = classifier.write(job.validation, clock)
        answers = classifier.writer.answers()
        self.trees = [option_tree([answers[e.label]]) for e in job.train]
        self.shared_tokens = len(classifier.head)
        self._lengths = [len(item) + len(tree.tokens)
                         for item, tree in zip(self.items, self.trees, strict=True)]

    @property
    def model(self) -> Any:
        """The model that learns."""
        return self.classifier.loaded.model

    def lengths(self) -> list[int]:
        return self._lengths

    def loss(self, indices: list[int]) -> torch.Tensor:
        prefix = read_prefix(self.model, self.classifier.head)
        scores = score_options(self.model, prefix, [self.items[i] for i in indices],
                               [self.trees[i] for i in indices],
                               self.classifier.loaded.tokenizer.pad_token_id)
        return -torch.stack(scores).sum()

    def validate(self) -> float:
        probabilities = self.classifier.probabilities(self.held, self.classifier.read_head())
        return validation_loss(probabilities, self.job.validation)
