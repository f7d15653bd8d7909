"""A finished run as a model to use: loaded from what it saved, checked against what it was."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from harness.backbones.endpoint.endpoint import Endpoint, get_endpoint, measured_by
from harness.backbones.handle import Handle, get_backbone, get_embedder, get_reranker
from harness.common.cache import cache_folder
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.forgetting.apart import general_passages, general_sha256
from harness.methods import register_all
from harness.methods.fitted import Answering
from harness.methods.method import METHODS, Setting
from harness.methods.reading import reading
from harness.study.assignment import Assignment, load_saved
from harness.study.identity import Identity
from harness.study.record import Record
from harness.study.store import Store
from harness.study.tempering import tempered
from harness.suite import Budget, LoadedSuite
from harness.tasks.cut import cut_splits
from harness.tasks.task import Task


@dataclass(frozen=True)
class SavedRun:
    """What a run saved, with all that is needed to load it, in this process or another."""

    assignment: Assignment
    setting: Setting
    artifact: Path
    temperature: float | None = None

    def load(self) -> Answering:
        """The fitted method, ready to predict from the words that the run read."""
        fitted = load_saved(self.assignment, self.setting, self.artifact)
        return reading(tempered(fitted, self.assignment.task.kind, self.temperature),
                       self.assignment.budget.words)


def saved_run(loaded: LoadedSuite, task: Task, device: Device, store: Store, record: Record,
              artifact: Path) -> SavedRun:
    """A run's model on the suite as it is now, from `artifact`.

    `store` keeps the run below it, where it builds on one. Raises HarnessError for a run without a
    result, of a backbone that the suite does not have or has with other weights, and of a task
    with other classes, answers, prompt or splits.
    """
    identity = record.identity
    check_stands(record, task)
    inner = None
    if artifact == store.artifact(identity.run_id):
        store.check_artifact(record)
    if identity.inner is not None:
        below = store.record(identity.inner)
        inner = saved_run(loaded, task, device, store, below, store.artifact(identity.inner))
    tuned = store.load(identity.retriever) if identity.retriever else None
    retriever = None if tuned is None else saved_run(
        loaded, task, device, store, tuned, store.artifact(tuned.identity.run_id))
    budget = Budget.model_validate(identity.budget)
    splits = cut_splits(task.splits.sample(budget.train, budget.validation, budget.test,
                                           identity.draw), budget.words)
    embedder = get_embedder(loaded) if identity.embedder_sha256 else None
    reranker = _reranker(loaded, record)
    if embedder is not None and embedder.sha256 != identity.embedder_sha256:
        raise HarnessError(f"run {identity.run_id} retrieves by another embedder than suite "
                           f"{loaded.suite.name} has now", "Run it again.")
    return SavedRun(Assignment(
        identity=identity, task=dataclasses.replace(task, splits=splits), budget=budget,
        backbone=_backbone(loaded, record), endpoint=_endpoint(loaded, record),
        embedder=embedder, reranker=reranker, device=device, runs=store.folder.resolve(),
        features=None, answers=cache_folder() / "answers", setting=record.setting,
        inner=inner.assignment if inner else None,
        retriever=retriever.assignment if retriever else None),
        record.setting or {}, artifact.resolve(),
        record.tempering.temperature if record.tempering else None)


def with_general(saved: SavedRun, loaded: LoadedSuite) -> SavedRun:
    """The same with the passages of general text that the run saw, to be carried out again. Raises
    HarnessError where the suite's forgetting leaves others now."""
    identity = saved.assignment.identity
    if not leaves(loaded, identity):
        raise HarnessError(f"run {identity.run_id} saw other passages of general text than suite "
                           f"{loaded.suite.name} leaves to methods now",
                           "Measure forgetting on the same items as then (measure: forgetting:).")
    found = _general(loaded, identity)
    return dataclasses.replace(saved, assignment=dataclasses.replace(saved.assignment,
                                                                     general=found))


def leaves(loaded: LoadedSuite, identity: Identity) -> bool:
    """Whether a suite leaves a run the passages of general text that it saw, where it saw any."""
    return general_sha256(_general(loaded, identity)) == identity.general_sha256


def _general(loaded: LoadedSuite, identity: Identity) -> tuple[str, ...]:
    if identity.general_sha256 is None:
        return ()
    register_all()
    part = METHODS[identity.method](identity.options).general
    return general_passages(part, loaded.suite.measure.forgetting) if part else ()


def check_stands(record: Record, task: Task) -> None:
    """Raise HarnessError for a run without a result, or of another task than this one is now."""
    run_id = record.identity.run_id
    if record.status.state != "ok" or record.setting is None:
        raise HarnessError(f"run {run_id} has no result: {record.status.reason}",
                           "Name a finished run.")
    if record.identity.task_sha256 != task.sha256:
        raise HarnessError(f"run {run_id} was made on other classes, answers, prompt or splits "
                           f"than suite {task.name} has now", "Run it again.")


def check_usable(record: Record) -> None:
    """Raise HarnessError for a run that was told what no deployed model is."""
    if record.identity.ceiling:
        raise HarnessError(f"run {record.identity.run_id} is a ceiling: it was told which document "
                           "each item is about, and a deployed model is not",
                           "Name a run that searches.")


def saved_bytes(store: Store, record: Record) -> int:
    """Bytes of everything that a run adds to its backbone: what it saved, and what the run that it
    builds on did."""
    inner = record.identity.inner
    below = saved_bytes(store, store.record(inner)) if inner else 0
    files = store.artifact(record.identity.run_id).rglob("*")
    return below + sum(p.stat().st_size for p in files if p.is_file())


def _backbone(loaded: LoadedSuite, record: Record) -> Handle | None:
    identity = record.identity
    if identity.backbone is None:
        return None
    if identity.backbone not in loaded.suite.backbones:
        raise HarnessError(f"run {identity.run_id} is of the backbone '{identity.backbone}', which "
                           f"profile {loaded.profile} of suite {loaded.suite.name} does not have",
                           "Name a profile that has it with --profile.")
    if identity.backbone in loaded.suite.endpoints:
        return None
    handle = get_backbone(loaded, identity.backbone)
    if handle.sha256 != identity.backbone_sha256:
        raise HarnessError(f"run {identity.run_id} was tuned from other weights than "
                           f"'{identity.backbone}' has now", "Run it again.")
    return handle


def _reranker(loaded: LoadedSuite, record: Record) -> Handle | None:
    identity = record.identity
    if identity.reranker_sha256 is None:
        return None
    found = (get_reranker(loaded, name) for name in loaded.suite.rerankers)
    same = next((one for one in found if one.sha256 == identity.reranker_sha256), None)
    if same is None:
        raise HarnessError(f"run {identity.run_id} puts what it finds in order by another reranker "
                           f"than suite {loaded.suite.name} has now", "Run it again.")
    return same


def _endpoint(loaded: LoadedSuite, record: Record) -> Endpoint | None:
    identity = record.identity
    if identity.backbone not in loaded.suite.endpoints:
        return None
    like = measured_by(get_backbone(loaded, name) for name in loaded.suite.weights)
    endpoint = get_endpoint(loaded, identity.backbone, like)
    if endpoint.sha256 != identity.backbone_sha256:
        raise HarnessError(f"run {identity.run_id} asked another endpoint or model than "
                           f"'{identity.backbone}' is now, or with texts cut otherwise",
                           "Run it again.")
    return endpoint
