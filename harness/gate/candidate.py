"""The candidate: a kept run, a Hugging Face model folder, or a PEFT adapter with its base."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.backbones.admission.folder import MAX_BYTES, Admitted, admit
from harness.backbones.encoding.features import FeatureStore
from harness.backbones.handle import Handle, get_backbone, hashed_handle
from harness.backbones.load import Loaded
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.common.files import sha256_tree
from harness.common.kinds import ASKED
from harness.common.text import plain
from harness.gate.labels import Reordered, match_labels
from harness.gate.named import unknown
from harness.methods.asking.asked import AskedDecoder
from harness.methods.elsewhere import check_whole, load_tuned, read_as, tuned_notes
from harness.methods.learning.decoder import nothing_to_save, plain_decoder
from harness.methods.learning.encoder import EncoderClassifier
from harness.methods.link import LINKS
from harness.methods.method import Answering, Job
from harness.methods.reading import reading
from harness.study.kept import SavedRun, saved_bytes, saved_run
from harness.study.record import Record
from harness.study.store import Store, find_run
from harness.suite import Budget, LoadedSuite
from harness.tasks.task import Task
from harness.tasks.view import TaskView


class Loadable(Protocol):
    """A model that can be loaded in this process or sent to another to be loaded there."""

    def load(self) -> Answering:
        """The model, ready to predict."""


@dataclass(frozen=True)
class Context:
    """Where a candidate answers: the suite, its task, the device, and what the user said."""

    loaded: LoadedSuite
    task: Task
    device: Device
    runs: Path
    max_length: int
    """Tokens of an item's text that a model from elsewhere reads."""
    max_words: int | None = None
    """Words of it; None for the whole text."""
    base: Handle | None = None
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    most_bytes: int = MAX_BYTES


@dataclass(frozen=True)
class Candidate:
    """A model, looked at and not yet loaded."""

    name: str
    model: Loadable
    sha256: str
    artifact_bytes: int
    base: Handle | None
    """The backbone it was tuned from; None where it has none or nobody said."""
    admitted: Admitted | None
    """The folder, for a model from elsewhere."""
    record: Record | None
    """The record, for a kept run."""
    notes: tuple[str, ...] = ()
    """How a folder is read, where a reader of its numbers must know."""


@dataclass(frozen=True)
class TunedFolder:
    """A model from elsewhere, with how it is asked."""

    admitted: Admitted
    task: TaskView
    max_length: int
    device: Device
    base: Handle | None
    labels: Mapping[str, str]
    wanted: Mapping[str, tuple[str, ...]]
    max_words: int | None

    def load(self) -> Answering:
        """Read the folder. Raises HarnessError where it cannot answer the task."""
        return reading(self._model(), self.max_words)

    def _model(self) -> Answering:
        loaded = load_tuned(self.admitted, self.base, self.device.type)
        check_whole(self.admitted, loaded)
        backbone = read_as(self.admitted, self.base)
        if backbone.kind in ASKED:
            return self._asked(loaded, backbone)
        link, said = LINKS[self.task.kind], loaded.model.config.problem_type
        if said not in (None, link.problem_type):
            raise HarnessError(f"{self.admitted.path}: is of problem type {said}, the task of "
                               f"{link.problem_type}", "Its probabilities would mean another "
                               "thing: tune it for this task.")
        names = ([str(i) for i in range(loaded.model.num_labels)] if self.admitted.is_adapter
                 else [str(loaded.model.config.id2label[i])
                       for i in range(loaded.model.config.num_labels)])
        order = match_labels(names, self.wanted, self.labels)
        longest = min(self.max_length, loaded.window)
        return Reordered(EncoderClassifier(loaded, longest, self.device, nothing_to_save, link),
                         order)

    def _asked(self, loaded: Loaded, backbone: Handle) -> AskedDecoder:
        job = Job(task=self.task, train=(), validation=(), seed=0, device=self.device,
                  budget=Budget(max_length=self.max_length), clock=Clock(),
                  store=FeatureStore(None), backbone=backbone)
        return plain_decoder(job, loaded=loaded)


def find_candidate(name: str, context: Context) -> Candidate:
    """A run by its id, or a folder. Raises HarnessError for what is neither or may not be read."""
    store = find_run(context.runs, name)
    if store is not None:
        return kept_candidate(name, store, context)
    if not Path(name).is_dir():
        raise unknown(name, context.runs)
    admitted = admit(Path(name), context.most_bytes)
    base = context.base or _only_base(admitted, context.loaded)
    spec = context.loaded.suite.task
    model = TunedFolder(admitted, context.task.view, context.max_length, context.device, base,
                        context.labels, spec.labels, context.max_words)
    return Candidate(plain(Path(name).resolve().name), model, admitted.sha256, admitted.bytes, base,
                     admitted, None, tuned_notes(admitted, base))


def kept_candidate(run_id: str, store: Store, context: Context) -> Candidate:
    """A kept run. Raises HarnessError when it is damaged or of another task."""
    record = store.record(run_id)
    run: SavedRun = saved_run(context.loaded, context.task, context.device, store, record,
                              store.artifact(run_id))
    sha256 = sha256_tree(store.artifact(run_id))
    return Candidate(f"{record.identity.name}, run {run_id}", run, sha256,
                     saved_bytes(store, record), run.assignment.backbone, None, record)


def _only_base(admitted: Admitted, loaded: LoadedSuite) -> Handle | None:
    """The suite's backbone of the folder's kind, where it has only one."""
    kind = None if admitted.is_adapter else hashed_handle(admitted.path, admitted.sha256).kind
    names = [name for name, spec in loaded.suite.backbones.items() if kind in (None, spec.kind)]
    return get_backbone(loaded, names[0]) if len(names) == 1 else None
