"""One run as a worker is given it: what its method may use, and what it fitted, loaded again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.backbones.encoding.features import FeatureStore
from harness.backbones.endpoint.endpoint import Endpoint
from harness.backbones.handle import Handle
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.common.kinds import Quantize
from harness.common.ranks import ALONE, Ranks
from harness.methods import register_all
from harness.methods.fitted import Fitted
from harness.methods.job import Job
from harness.methods.method import METHODS, Method, Setting
from harness.study.identity import Identity
from harness.study.store import Store
from harness.suite import Budget
from harness.targets.kinds import KINDS
from harness.targets.metric import Metric
from harness.tasks.task import Task
from harness.tasks.view import TaskView


@dataclass(frozen=True)
class Assignment:
    """Everything a worker needs to carry out one run. `task.splits` holds the sample only."""

    identity: Identity
    task: Task
    budget: Budget
    backbone: Handle | None
    endpoint: Endpoint | None
    embedder: Handle | None
    reranker: Handle | None
    device: Device
    runs: Path
    features: Path | None
    """Where vectors are kept; None to compute them every time."""
    answers: Path | None
    """Where an endpoint's answers are kept; None to ask every time."""
    general: tuple[str, ...] = ()
    """Passages of general text that the method asks for."""
    setting: Setting | None = None
    """The setting that the first seed's trials chose; None for the first seed."""
    inner: Assignment | None = None
    retriever: Assignment | None = None
    """What tuned the embedder that it finds by."""
    ranks: Ranks = ALONE

    @property
    def method(self) -> Method:
        """The method with its options."""
        register_all()
        return METHODS[self.identity.method](self.identity.options)

    @property
    def store(self) -> Store:
        """Where records lie."""
        return Store(self.runs)


def deciding(assignment: Assignment) -> Metric | None:
    """What decides its study; None in older records."""
    name = assignment.identity.metric
    return None if name is None else KINDS[assignment.task.kind].metric(name)


def make_job(assignment: Assignment, say: Callable[[str], None]) -> Job:
    """What the method may use."""
    splits, inner, retriever = assignment.task.splits, assignment.inner, assignment.retriever
    return Job(
        task=assignment.task.view, train=tuple(splits.train), validation=tuple(splits.validation),
        budget=assignment.budget, seed=assignment.identity.seed, device=assignment.device,
        clock=Clock(), store=FeatureStore(assignment.features), backbone=assignment.backbone,
        endpoint=assignment.endpoint, answers=assignment.answers,
        embedder=assignment.embedder, reranker=assignment.reranker, told=told(assignment),
        general=assignment.general, ranks=assignment.ranks, metric=deciding(assignment),
        inner=Below(inner) if inner is not None else None,
        retriever=Below(retriever) if retriever is not None else None, say=say,
    )


def asking_job(task: TaskView, backbone: Handle, device: Device, max_length: int) -> Job:
    """What a model is asked with that learned elsewhere: there is nothing to learn from."""
    return Job(task=task, train=(), validation=(), budget=Budget(max_length=max_length), seed=0,
               device=device, clock=Clock(), store=FeatureStore(None), backbone=backbone)


def told(assignment: Assignment) -> dict[str, str | None] | None:
    """By item the document that it is about, for a ceiling; None for all other methods."""
    if not assignment.identity.ceiling:
        return None
    splits = assignment.task.splits
    return {item.id: item.document for part in (splits.train, splits.validation, splits.test)
            for item in part}


@dataclass(frozen=True)
class Below:
    """See `Inner`: a finished run."""

    assignment: Assignment

    def load(self) -> Fitted:
        """As it was fitted."""
        return load_fitted(self.assignment)

    def merged(self, quantize: Quantize | None) -> Fitted:
        """With its update in the whole weights."""
        return load_merged(self.assignment, quantize)

    def rewound(self, share: float) -> Fitted:
        """With its backbone's weights taken back."""
        setting, artifact = _saved(self.assignment)
        job = make_job(self.assignment, lambda text: None)
        return self.assignment.method.rewound(job, setting, artifact, share)


@dataclass(frozen=True)
class BelowServed(Below):
    """The same as it would be deployed."""

    def load(self) -> Fitted:
        return load_served(self.assignment)


def load_fitted(assignment: Assignment) -> Fitted:
    """The fitted method of a finished run, read from its artifact."""
    return load_saved(assignment, *_saved(assignment))


def load_merged(assignment: Assignment, quantize: Quantize | None = None) -> Fitted:
    """The same with its update in the whole weights. Raises CannotRunError as `Method.merged`."""
    setting, artifact = _saved(assignment)
    return assignment.method.merged(make_job(assignment, lambda text: None), setting, artifact,
                                    quantize)


def load_served(assignment: Assignment) -> Fitted:
    """The same as a team would deploy it: merged where its record says that it can be."""
    if is_merged(assignment):
        return load_merged(assignment)
    setting, artifact = _saved(assignment)
    job = make_job(assignment, lambda text: None)
    inner = BelowServed(assignment.inner) if assignment.inner is not None else None
    return assignment.method.load(dataclasses.replace(job, inner=inner), setting, artifact)


def is_merged(assignment: Assignment) -> bool:
    """Whether a finished run is deployed otherwise than it is saved."""
    record = assignment.store.load(assignment.identity.run_id)
    return bool(record and record.merge and record.merge.reason is None)


def _saved(assignment: Assignment) -> tuple[Setting, Path]:
    """The setting of a finished run, and the folder that it saved what it fitted in."""
    run_id = assignment.identity.run_id
    record = assignment.store.load(run_id)
    if record is None or record.setting is None:
        raise HarnessError(f"run {run_id} has no result to build on",
                           "See its record for the reason.")
    assignment.store.check_artifact(record)
    return record.setting, assignment.store.artifact(run_id)


def load_saved(assignment: Assignment, setting: Setting, artifact: Path) -> Fitted:
    """What the assignment's method saved in a folder, ready to predict."""
    return assignment.method.load(make_job(assignment, lambda text: None), setting, artifact)
