"""The suite's embedder, tuned to find what it should: what `knn` and `rag` can stand on.

A text and what it should find are drawn together against all others of the batch and against a hard
negative of each (`contrasts`): InfoNCE over cosines, as sentence-transformers'
MultipleNegativesRankingLoss has it (van den Oord et al. 2018; Henderson et al. 2017). A batch may
hold several items of a document, or of a class; those are nobody's negatives.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from harness.backbones.batches import Cut
from harness.backbones.checkpoint import POOLER
from harness.backbones.encoding.embedder import SentenceReader, read_embedder
from harness.backbones.encoding.embedder_prompts import Side, embedder_prompt
from harness.backbones.encoding.features import Embedder
from harness.backbones.encoding.learned import Learned, learned_by, read_learned
from harness.backbones.handle import parameter_count
from harness.common.clock import Clock
from harness.methods.asking.nearest import index_examples, open_examples
from harness.methods.contrasts import Contrast, Draw, Text, contrasts_of
from harness.methods.finding import Finding
from harness.methods.fitted import Declared, Fit, Fitted
from harness.methods.fitted import Retriever as Finds
from harness.methods.job import Job
from harness.methods.learning.loop import train
from harness.methods.learning.schedule import schedule_of
from harness.methods.learning.validated import HeldOut
from harness.methods.method import METHODS, Method, Options, Setting, spread
from harness.methods.needs import Needs
from harness.methods.open_book import LONGEST, build_passages
from harness.methods.retriever_validation import DEPTH, NEIGHBOURS, SCALE, Validate, validation_of
from harness.methods.votes import NearestAnswer, Vote, voting
from harness.methods.work import Work
from harness.suite.task import TaskSpec
from harness.targets.kinds import KINDS
from harness.tasks.examples import Item

WEIGHT_DECAY = 0.01


def contrastive_loss(asked: Tensor, texts: Tensor, kin: Tensor) -> Tensor:
    """Mean over questions [questions, width] of -log p of the first of `texts` [texts, width] that
    stands at the question's own place, among all but those that `kin` [questions, texts] bool says
    are right for it, too. Vectors have length one."""
    # Its import takes over a second, and few commands tune a retriever.
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    def cosines(questions: Tensor, found: Tensor) -> Tensor:
        return (questions @ found.T).masked_fill(kin, -torch.inf)

    loss = MultipleNegativesRankingLoss(None, scale=SCALE, similarity_fct=cosines)
    found: Tensor = loss.compute_loss_from_embeddings([asked, texts[:len(asked)],
                                                       texts[len(asked):]], None)
    return found


def kin_of(contrasts: Sequence[Contrast], texts: Sequence[Text]) -> np.ndarray:
    """Which texts are right for which questions beside the one that is asked for, [questions,
    texts] bool."""
    found = np.array([[not one.asked.kin.isdisjoint(text.kin) for text in texts]
                      for one in contrasts])
    np.fill_diagonal(found, False)
    return found


class ContrastLearner:
    """Contrasts that are drawn anew for each epoch."""

    states = None

    def __init__(self, reader: SentenceReader, job: Job, draw: Draw, look: Validate) -> None:
        self.reader, self.job, self.draw, self.look = reader, job, draw, look
        self.corpus = job.task.corpus is not None
        self.contrasts: list[Contrast] = []
        self.begin(0)

    @property
    def model(self) -> Any:
        """The model that learns."""
        return self.reader.model

    def begin(self, epoch: int) -> None:
        self.contrasts = self.draw(np.random.default_rng([self.job.seed, epoch]))
        each = [[text for text in one if text is not None] for one in self.contrasts]
        known = self.reader.lengths([text.text for texts in each for text in texts])
        ends = np.cumsum([len(texts) for texts in each])
        self.tokens = [int(sum(part)) for part in np.split(np.array(known), ends[:-1])]

    def lengths(self) -> list[int]:
        return self.tokens

    def passes(self, indices: list[int], cut: Cut) -> list[list[int]]:
        return [indices[start:start + cut.most] for start in range(0, len(indices), cut.most)]

    def sharing(self) -> AbstractContextManager[None]:
        return nullcontext()

    def loss(self, indices: list[int]) -> Tensor:
        contrasts = [self.contrasts[i] for i in indices]
        texts = [*(one.right for one in contrasts),
                 *(one.wrong for one in contrasts if one.wrong is not None)]
        asked = self._states([one.asked for one in contrasts], "query")
        found = self._states(texts, "document")
        kin = torch.from_numpy(kin_of(contrasts, texts)).to(asked.device)
        # In bf16 cosines that are multiplied say little of small differences.
        with self.reader.device.without_autocast():
            return contrastive_loss(asked, found, kin) * len(indices)

    def validate(self) -> HeldOut:
        return self.look()

    def _states(self, texts: Sequence[Text], side: Side) -> Tensor:
        side = side if self.corpus else "alike"
        prompt = embedder_prompt(self.job.need_embedder().path, side)
        return self.reader.states([text.text for text in texts], side, prompt)


@dataclass(frozen=True)
class TunedRetriever:
    """A tuned embedder. What it is asked itself, the nearest training examples answer."""

    learned: Learned
    neighbours: Vote | NearestAnswer
    search: Callable[[], Finds] | None = None
    """Makes its search over the task's corpus, where there is one."""

    @property
    def declares(self) -> Declared:
        """See `Declared`."""
        return Declared(embedder=self.learned, finds=self)

    @property
    def parameters(self) -> tuple[int, int]:
        return self.learned.size, self.neighbours.frozen

    @property
    def k(self) -> int:
        """Texts that are looked at of what it finds."""
        return DEPTH if self.search else NEIGHBOURS

    @cached_property
    def retriever(self) -> Finds:
        """What it was tuned to find."""
        return self.search() if self.search else self.neighbours.retriever

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        return self.neighbours.predict(items, clock)

    def save(self, folder: Path) -> None:
        self.neighbours.save(folder)


class RetrieverOptions(Options):
    """How it learns."""

    learning_rates: tuple[Annotated[float, Field(gt=0)], ...] = ()
    """The grid, in order of preference; the method's own where empty."""


@METHODS.register("retriever")
class Retriever(Method):
    """The suite's embedder, tuned on the training items.

    Weights and learning rate are chosen on validation by the mean reciprocal rank of the document,
    where a task has a corpus, and else by the deciding metric of what its neighbours vote for.
    """

    name, family = "retriever", "retrieval"
    needs = Needs(classes=(), words=(), alone=True)
    embeds = changes_weights = tunes_embedder = True
    summary = "the suite's embedder tuned on training items (InfoNCE, hard negatives), for knn, rag"
    options_type = RetrieverOptions

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.rates = self.options.learning_rates

    def lacks(self, task: TaskSpec) -> str | None:
        if KINDS[task.kind].classes or task.corpus is not None:
            return None
        return "it learns which passages answer questions, and the task has no `corpus`"

    def settings(self, job: Job) -> list[Setting]:
        return [{"learning_rate": rate} for rate in self.rates or spread(2e-5)]

    def work(self, job: Job, setting: Setting) -> Work:
        course, known = self.course(job.budget, len(job.train)), len(job.train)
        looks = schedule_of(known, job.budget).looks
        return Work(course.steps(known, job.budget.batch),
                    looked=looks * (known + len(job.validation)) + known)

    def fit(self, job: Job, setting: Setting) -> Fit:
        length = LONGEST if job.task.corpus is not None else job.budget.max_length
        draw = contrasts_of(job, Embedder(job.need_embedder(), length, job.device))
        with job.clock.phase("load"):
            reader = read_embedder(job.need_embedder(), length, job.device)
            for name, parameter in reader.model.named_parameters():
                parameter.requires_grad_(f".{POOLER}" not in name)
        with job.clock.phase("train"):
            learner = ContrastLearner(reader, job, draw, validation_of(job, reader))
            training = train(learner, job, float(setting["learning_rate"]), WEIGHT_DECAY)
            training.taught = len(learner.contrasts)
        tuned = dataclasses.replace(job, learned=learned_by(reader.model))
        return Fit(_answering(tuned, index_examples(tuned)), training)

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        tuned = dataclasses.replace(job, learned=read_learned(folder))
        return _answering(tuned, open_examples(tuned, folder))


def _answering(tuned: Job, neighbours: Any) -> TunedRetriever:
    if tuned.learned is None:
        raise AssertionError
    frozen = parameter_count(tuned.need_embedder())
    # On nobody's clock: it is looked at, and not answered by.
    own = dataclasses.replace(tuned, clock=Clock())
    search = None if tuned.task.corpus is None else partial(build_passages, own, Finding())
    return TunedRetriever(tuned.learned, voting(tuned, neighbours, NEIGHBOURS, frozen), search)
