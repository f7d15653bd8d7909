"""SetFit: a contrastively tuned sentence encoder under logistic regression.

Tunstall et al., Efficient Few-Shot Learning Without Prompts (2022), section 3: pairs of training
items learn to have a cosine of one where they share a class and of zero where they do not; a
logistic regression then reads the tuned vectors. Their recipe: 20 pairs of either sort an item,
16 pairs a batch, AdamW at 2e-5 with a warm-up over a tenth of the steps.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch.nn.functional import normalize

from harness.backbones.batches import PASS_TOKENS, Cut, by_length, passes
from harness.backbones.checkpoint import POOLER, Use
from harness.backbones.encoding.encode import Encoded
from harness.backbones.encoding.padding import Padding, find_padding
from harness.backbones.encoding.pooling import MODES, Pool, Pooling, pool_of, pooled_by, pooler
from harness.backbones.finite import check_finite
from harness.backbones.kernels.casts import cast_once
from harness.backbones.load import Loaded, load_base
from harness.common.capabilities import Can
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.kinds import WeightsKind
from harness.methods.fitted import Declared, Fit, Fitted
from harness.methods.job import Job
from harness.methods.learning.balance import LINEAR, LinearOptions, balance_of, weights_for
from harness.methods.learning.encoder import BATCH, count_parameters
from harness.methods.learning.held_out import of_classes
from harness.methods.learning.loop import train
from harness.methods.learning.schedule import Course, Schedule
from harness.methods.learning.validated import HeldOut
from harness.methods.linear import LinearHead, fit_linear
from harness.methods.link import CLASS_LINKS, LINKS
from harness.methods.method import METHODS, Method, Setting, spread
from harness.methods.needs import Needs
from harness.methods.pairs import Pair, draw_pairs
from harness.methods.whole import read_learned, write_learned
from harness.methods.work import Work
from harness.suite import Budget
from harness.tasks.examples import Item, indicator
from harness.tasks.spread import worth

WEIGHT_DECAY = 0.01
FitHead = Callable[[np.ndarray], LinearHead]
"""Of the training items' vectors."""


@dataclass
class SentenceEncoder:
    """An encoder's pooled states, of length one: their product is the cosine."""

    loaded: Loaded
    pool: Pool
    max_length: int
    device: Device
    pooler: Any = field(init=False)
    padding: Padding = field(init=False)

    def __post_init__(self) -> None:
        cast_once(self.loaded.model)
        self.loaded.model.eval()
        self.pooler = pooler(self.pool, self.loaded.model.config.get_text_config().hidden_size)
        self.padding = find_padding(self.loaded.processor.trial(self.max_length), self._batch)

    def encode(self, items: Sequence[Item]) -> list[Encoded]:
        """The items' tokens."""
        return self.loaded.processor.encode(items, self.max_length)

    def vectors(self, items: Sequence[Encoded], batches: Sequence[list[int]]) -> torch.Tensor:
        """[items, width] fp32, in the order of the items, computed in the given batches."""
        lengths = [len(item["input_ids"]) for item in items]
        cut = self.padding.cut(batches, lengths)
        found = torch.cat([self._batch([items[i] for i in part], self.padding) for part in cut])
        place = torch.tensor([i for part in cut for i in part]).argsort()
        return found[place.to(found.device)]

    def embed(self, items: Sequence[Encoded]) -> np.ndarray:
        """Vectors of an encoder at rest, [items, width] fp32."""
        self.loaded.model.eval()
        batches = by_length([len(item["input_ids"]) for item in items], BATCH)
        with torch.inference_mode(), self.device.autocast_context():
            return np.asarray(self.vectors(items, batches).cpu().numpy())

    def _batch(self, items: Sequence[Encoded], padding: Padding) -> torch.Tensor:
        batch = self.loaded.processor.collate(items, padding, self.device.type)
        states = self.loaded.model(**batch).last_hidden_state.float()
        own = padding.real([len(item["input_ids"]) for item in items]).to(states.device)
        return normalize(pooled_by(self.pooler, states, own), dim=1)


class PairLearner:
    """Mean squared error of the cosine of pairs that are drawn anew for each epoch."""

    states = None

    def __init__(self, encoder: SentenceEncoder, job: Job, head: FitHead) -> None:
        self.encoder, self.job, self.head = encoder, job, head
        self.encoded, self.held = encoder.encode(job.train), encoder.encode(job.validation)
        self.classes = indicator(job.train, job.classes)
        self.pairs: list[Pair] = []
        self.begin(0)

    @property
    def model(self) -> Any:
        """The model that learns."""
        return self.encoder.loaded.model

    def begin(self, epoch: int) -> None:
        self.pairs = draw_pairs(self.classes, np.random.default_rng([self.job.seed, epoch]))

    def lengths(self) -> list[int]:
        return [len(self.encoded[pair.first]["input_ids"])
                + len(self.encoded[pair.second]["input_ids"]) for pair in self.pairs]

    def passes(self, indices: list[int], cut: Cut) -> list[list[int]]:
        return [indices[start:start + cut.most] for start in range(0, len(indices), cut.most)]

    def sharing(self) -> AbstractContextManager[None]:
        return nullcontext()

    def loss(self, indices: list[int]) -> torch.Tensor:
        pairs = [self.pairs[i] for i in indices]
        items = [self.encoded[i] for i in (*(p.first for p in pairs), *(p.second for p in pairs))]
        # Texts of like length run together, whichever pair they are of.
        cut = passes(range(len(items)), [len(item["input_ids"]) for item in items],
                     Cut(len(items), PASS_TOKENS[self.encoder.device.type]))
        first, second = self.encoder.vectors(items, cut).chunk(2)
        alike = torch.tensor([pair.alike for pair in pairs], device=first.device)
        return ((first * second).sum(dim=1) - alike.float()).square().sum()

    def validate(self) -> HeldOut:
        vectors = self.encoder.embed([*self.encoded, *self.held])
        if not np.isfinite(vectors).all():
            return HeldOut(None, float("nan"), worth(self.job.validation))
        seen = len(self.encoded)
        link = CLASS_LINKS[self.job.task.kind]
        head = self.head(vectors[:seen])
        return of_classes(link, head.predict(vectors[seen:]), self.job.validation, self.job.metric)


@dataclass(frozen=True)
class TunedEmbeddings:
    """A linear head on a tuned encoder's vectors."""

    encoder: SentenceEncoder
    head: LinearHead

    @property
    def declares(self) -> Declared:
        """See `Declared`."""
        return Declared(model=self.encoder.loaded)

    @property
    def parameters(self) -> tuple[int, int]:
        learns, every = count_parameters(self.encoder.loaded.model)
        return learns + self.head.size, every + self.head.size

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        with clock.phase("predict"):
            vectors = self.encoder.embed(self.encoder.encode(items))
            check_finite(vectors, items, "vectors")
            return self.head.predict(vectors)

    def save(self, folder: Path) -> None:
        write_learned(self.encoder.loaded.model, folder)
        self.head.save(folder)


class SetfitOptions(LinearOptions):
    """How much is learned, and how; what rare classes count for the head."""

    learning_rates: tuple[Annotated[float, Field(gt=0)], ...] = ()
    """The grid, in order of preference; the method's own where empty."""
    pooling: Pooling = "trained"
    """How an encoder's states become a vector: as its folder says, and their mean where that says
    nothing."""
    pairs: int = Field(20, ge=1)
    """Pairs of either sort, alike and unlike, that an item learns from at the most."""
    most_pairs: int = Field(16_000, ge=2)
    """Pairs in all; of many items each has fewer."""
    C: float = Field(10.0, gt=0)
    """Inverse strength of the head's regularisation: vectors of length one want little of it."""


@METHODS.register("setfit")
class Setfit(Method):
    """Contrastive tuning of the whole encoder, then logistic regression."""

    name, family, needs = "setfit", "contrastive", Needs(classes=(Can.EMBED, Can.LEARN))
    summary = "pairs of items tune the encoder, logistic regression reads it"
    changes_weights = True
    options_type = SetfitOptions
    balances = LINEAR

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.rates, self.balance = self.options.learning_rates, self.options.balance

    @classmethod
    def reads(cls, backbone: WeightsKind) -> Use:
        return "states"

    def settings(self, job: Job) -> list[Setting]:
        return [{"learning_rate": rate} for rate in self.rates or spread(2e-5)]

    def course(self, budget: Budget, items: int) -> Course:
        """An epoch has each item in a pair of either sort, and once or so as the other of each."""
        most = self.options.most_pairs // (2 * items)
        return Course(max(1, min(self.options.pairs, most)), readings=4, texts=2)

    def work(self, job: Job, setting: Setting) -> Work:
        course, known = self.course(job.budget, len(job.train)), len(job.train)
        every = course.steps(known, job.budget.batch)
        looks = Schedule(every // round(course.epochs), every).looks
        return Work(every, looked=looks * (known + len(job.validation)) + known)

    def shortened(self) -> Setfit:
        return Setfit({**self.described(), "pairs": 1})

    def fit(self, job: Job, setting: Setting) -> Fit:
        fit_head = partial(fit_linear, targets=indicator(job.train, job.classes),
                           c=self.options.C, link=LINKS[job.task.kind],
                           counts=weights_for(balance_of(setting, self), job))
        with job.clock.phase("load"):
            encoder = sentence_encoder(job, self.options.pooling)
        with job.clock.phase("train"):
            learner = PairLearner(encoder, job, fit_head)
            training = train(learner, self._budgeted(job), float(setting["learning_rate"]),
                             WEIGHT_DECAY)
        with job.clock.phase("fit"):
            head = fit_head(encoder.embed(learner.encoded))
        return Fit(TunedEmbeddings(encoder, head), training)

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        encoder = sentence_encoder(job, self.options.pooling, read_learned(job, folder))
        return TunedEmbeddings(encoder, LinearHead.load(folder, LINKS[job.task.kind]))

    def _budgeted(self, job: Job) -> Job:
        epochs = round(self.course(job.budget, len(job.train)).epochs)
        budget = job.budget.model_copy(update={"epochs": epochs, "steps": 1})
        return dataclasses.replace(job, budget=budget)


def sentence_encoder(job: Job, pooling: Pooling = "trained",
                     learned: dict[str, torch.Tensor] | None = None) -> SentenceEncoder:
    """The backbone, with weights that were learned; all that its last states hang on may learn."""
    loaded = load_base(job.need_backbone(), job.device.type)
    for name, parameter in loaded.model.named_parameters():
        parameter.requires_grad_(not name.startswith(POOLER))
    if learned is not None:
        loaded.model.load_state_dict(learned, strict=False)
    pool = pool_of(job.need_backbone().path, pooling) or MODES["mean"]
    return SentenceEncoder(loaded, pool, min(job.budget.max_length, loaded.window), job.device)
