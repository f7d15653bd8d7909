"""A tuned encoder: how it learns and how it answers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from harness.backbones.batches import Cut, by_length, passes
from harness.backbones.encoding.padding import Padding, find_padding
from harness.backbones.kernels.casts import cast_once
from harness.backbones.kernels.first_token import first_token_alone, last_block
from harness.backbones.kernels.kept_states import KeptStates, reading
from harness.backbones.load import Loaded
from harness.backbones.quantised import weights_of
from harness.common.clock import Clock
from harness.common.device import Device
from harness.methods.fitted import Declared
from harness.methods.job import Job
from harness.methods.learning.balance import ALIKE, Weighing
from harness.methods.learning.held_out import said_by
from harness.methods.learning.scale import PLAIN, Scale, output_layer, scale_of
from harness.methods.learning.validated import HeldOut
from harness.methods.link import Link
from harness.tasks.examples import Item, targets_of

BATCH = 32
Save = Callable[[Loaded, Path], None]


@dataclass
class EncoderClassifier:
    """A sequence-classification model; its logits through the link."""

    loaded: Loaded
    max_length: int
    device: Device
    write: Save
    link: Link
    scale: Scale = PLAIN
    """Of what its head gives, while it learns numbers."""
    last: nn.Module | None = field(init=False)
    padding: Padding = field(init=False)

    def __post_init__(self) -> None:
        cast_once(self.loaded.model)
        self.last = last_block(self.loaded.model)
        self.loaded.model.eval()
        self.padding = find_padding(self.loaded.processor.trial(self.max_length), self.logits)

    @property
    def declares(self) -> Declared:
        """See `Declared`."""
        return Declared(model=self.loaded)

    @property
    def parameters(self) -> tuple[int, int]:
        return count_parameters(self.loaded.model)

    def encode(self, items: Sequence[Item]) -> list[Any]:
        """The items as the model's inputs."""
        return self.loaded.processor.encode(items, self.max_length)

    def logits(self, inputs: Sequence[Any], padding: Padding) -> torch.Tensor:
        """Logits of the classes of inputs in one batch, [items, classes]."""
        batch = self.loaded.processor.collate(inputs, padding, self.device.type)
        with first_token_alone(self.last):
            logits: torch.Tensor = self.loaded.model(**batch).logits
        return logits

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        with clock.phase("predict"):
            return self.probabilities(items)

    def probabilities(self, items: Sequence[Item]) -> np.ndarray:
        """Class probabilities, or numbers: [items, outputs]."""
        return self.answer(self.encode(items))

    def answer(self, encoded: Sequence[Any]) -> np.ndarray:
        """As `probabilities`, of inputs."""
        self.loaded.model.eval()
        rows: dict[int, np.ndarray] = {}
        lengths = self.loaded.processor.lengths(encoded)
        for indices in self.padding.cut(by_length(lengths, BATCH), lengths):
            with torch.inference_mode(), self.device.autocast_context():
                logits = self.logits([encoded[i] for i in indices], self.padding)
            values = self.scale.of(self.link.probabilities(logits.double().cpu().numpy()))
            rows.update(zip(indices, values, strict=True))
        return np.stack([rows[i] for i in range(len(encoded))])

    def study(self, job: Job) -> None:
        """Nothing stands before the items that it learns from."""

    def settle(self) -> None:
        """Let the head give numbers in their own unit: what is saved needs nothing beside it."""
        if self.scale is not PLAIN:
            self.scale.fold_into(output_layer(self.loaded.model))
            self.scale = PLAIN

    def save(self, folder: Path) -> None:
        self.write(self.loaded, folder)


class EncoderLearner:
    """The link's losses of the classification head, weighed."""

    states: KeptStates | None = None

    def __init__(self, classifier: EncoderClassifier, job: Job, weighing: Weighing = ALIKE
                 ) -> None:
        self.classifier = classifier
        self.job = job
        self.weighing = weighing
        self.encoded = self.given = classifier.encode(job.train)
        self.held = classifier.encode(job.validation)
        self._lengths = classifier.loaded.processor.lengths(self.encoded)
        targets = targets_of(job.train, job.classes)
        classifier.scale = scale_of(targets)
        if classifier.scale is not PLAIN:
            output_layer(self.model)  # what settles it, known before it learns
        self.targets = torch.from_numpy(classifier.scale.standard(targets))

    @property
    def model(self) -> Any:
        """The model that learns."""
        return self.classifier.loaded.model

    @property
    def padding(self) -> int:
        """The id that batches are padded with."""
        return int(self.classifier.loaded.tokenizer.pad_token_id)

    def begin(self, epoch: int) -> None:
        """Every epoch has the same items, which may be changed at random for it."""
        budget = self.job.budget
        if budget.augment != "none":
            self.encoded = self.classifier.loaded.processor.varied(
                self.given, budget.augment, f"{self.job.seed} {epoch}")

    def lengths(self) -> list[int]:
        return self._lengths

    def passes(self, indices: list[int], cut: Cut) -> list[list[int]]:
        return self.classifier.padding.cut(passes(indices, self._lengths, cut), self._lengths)

    def sharing(self) -> AbstractContextManager[None]:
        return nullcontext()

    def loss(self, indices: list[int]) -> torch.Tensor:
        with reading(self.states):
            logits = self.classifier.logits([self.encoded[i] for i in indices],
                                            self.classifier.padding)
        losses = self.classifier.link.losses(logits.float(),
                                             self.targets[indices].to(logits.device))
        return self.weighing.of(losses, indices)

    def validate(self) -> HeldOut:
        with reading(self.states):
            answers = self.classifier.answer(self.held)
        return said_by(answers, self.job)

    def reads_more(self) -> bool:
        """Whether an item is read with more than its own tokens."""
        return False

    def through(self, states: KeptStates) -> EncoderLearner:
        """The same, with `states` of its items."""
        other = copy.copy(self)
        other.states = states
        other.encoded, other.held = (
            [item | {"input_ids": states.slots(item["input_ids"])} for item in items]
            for items in (self.encoded, self.held))
        return other


def count_parameters(model: Any) -> tuple[int, int]:
    """Trainable and total parameters."""
    sizes = [(weights_of(p)[1], p.requires_grad) for p in model.parameters()]
    return sum(n for n, learns in sizes if learns), sum(n for n, _ in sizes)
