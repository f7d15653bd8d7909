"""All that a method is given to fit with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from harness.backbones.encoding.features import FeatureStore
from harness.backbones.encoding.learned import Learned
from harness.backbones.endpoint.endpoint import Endpoint
from harness.backbones.handle import Handle
from harness.common.capabilities import HEADED
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.errors import CannotRunError
from harness.common.kinds import BackboneKind
from harness.common.ranks import ALONE, Ranks
from harness.methods.fitted import Inner
from harness.retrieval.shelf import Shelf
from harness.suite import Budget
from harness.targets.kinds import KINDS as TARGETS
from harness.targets.metric import Metric
from harness.targets.tags import tag_names
from harness.tasks.examples import Example
from harness.tasks.view import TaskView


@dataclass(frozen=True)
class Job:
    """All that a method may use. The test split is not among it."""

    task: TaskView
    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    budget: Budget
    seed: int
    device: Device
    clock: Clock
    store: FeatureStore
    backbone: Handle | None = None
    """Weights that are here."""
    endpoint: Endpoint | None = None
    """A model that answers elsewhere, in the place of a backbone."""
    answers: Path | None = None
    """Where an endpoint's answers are kept; None to ask every time."""
    embedder: Handle | None = None
    learned: Learned | None = None
    """Weights of the embedder in the place of its own, for a method that stands on a retriever."""
    reranker: Handle | None = None
    """What puts in order what a search finds, where the method's options name it."""
    told: Mapping[str, str | None] | None = None
    """By item the document that it is about: for a ceiling alone, which no deployed model is."""
    general: tuple[str, ...] = ()
    """Passages of general text, where the method asks for some; forgetting is measured on others.
    """
    ranks: Ranks = ALONE
    """The processes that learn it together, this one among them."""
    inner: Inner | None = None
    """For a method on top of another: what the other one fitted with this seed."""
    retriever: Inner | None = None
    """For a method that finds by a tuned embedder: the run that tuned it."""
    shelf: Shelf[Any] = field(default_factory=Shelf)
    """Searches that were built for settings before this one."""
    say: Callable[[str], None] = lambda text: None
    metric: Metric | None = None
    """What the suite decides by; where there is none, what is chosen has the lowest log loss."""

    @property
    def kind(self) -> BackboneKind | None:
        """Of its backbone; None where it has none."""
        answers = self.backbone or self.endpoint
        return answers.kind if answers else None

    @property
    def written(self) -> bool:
        """Whether it is answered in words, numbers among them: not by classes, nor through a head.
        """
        return TARGETS[self.task.kind].written(self.kind)

    @property
    def headed(self) -> bool:
        """Whether its backbone answers through a head, and not a prompt."""
        return self.kind in HEADED

    @property
    def outputs(self) -> tuple[str, ...]:
        """What the outputs of a head are called."""
        if TARGETS[self.task.kind].tagged:
            return tag_names(self.task.labels)
        return self.task.labels or ("value",)

    @property
    def classes(self) -> int:
        """Number of classes an example's label may name: in words two, on old documents or new."""
        return len(self.task.labels) or 2

    @property
    def products(self) -> torch.dtype:
        """The type that matrices are held in which do not learn. Shards are all of one type."""
        return torch.float32 if self.ranks.sharded else self.device.products

    def in_fp32(self) -> Job:
        """The same with all matrices held whole, as they are to be changed."""
        return replace(self, device=replace(self.device, autocast="no"))

    def need_told(self) -> Mapping[str, str | None]:
        """By item its document. Raises CannotRunError where nothing is told."""
        if self.told is None:
            raise CannotRunError("nothing tells which document an item is about")
        return self.told

    def need_embedder(self) -> Handle:
        """The suite's embedder. Raises CannotRunError when there is none."""
        if self.embedder is None:
            raise CannotRunError("this method needs the suite's `embedder`")
        return self.embedder

    def need_reranker(self) -> Handle:
        """The reranker. Raises CannotRunError when there is none."""
        if self.reranker is None:
            raise CannotRunError("this method needs one of the suite's `rerankers`")
        return self.reranker

    def need_backbone(self) -> Handle:
        """The backbone. Raises CannotRunError when there is none."""
        if self.backbone is None:
            raise CannotRunError("this method needs a backbone")
        return self.backbone
