"""The candidate: a kept run, a Hugging Face model folder, a PEFT adapter with its base, an ONNX
graph with its tokenizer, or a GGUF file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from harness.backbones.admission.folder import MAX_BYTES, Admitted, admit
from harness.backbones.admission.graph import admit_graph, is_graph
from harness.backbones.admission.one_file import admit_gguf, is_gguf
from harness.backbones.handle import Handle, get_backbone, hashed_handle
from harness.backbones.load import Loaded, load_tagging, load_with_head
from harness.common.capabilities import ASKED, reads_words
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.common.files import sha256_tree
from harness.common.text import plain
from harness.gate.graph import UNASKED, GraphFolder
from harness.gate.labels import Reordered, match_labels, match_tags
from harness.gate.named import unknown
from harness.methods.asking.asked import AskedDecoder
from harness.methods.elsewhere import (
    check_reads,
    check_sees,
    check_whole,
    load_tuned,
    read_as,
    tuned_notes,
)
from harness.methods.fitted import Answering
from harness.methods.learning.decoder import nothing_to_save, plain_decoder
from harness.methods.learning.encoder import EncoderClassifier
from harness.methods.learning.tagger import EncoderTagger
from harness.methods.link import LINKS, Link
from harness.methods.reading import reading
from harness.study.assignment import asking_job
from harness.study.kept import SavedRun, check_usable, saved_bytes, saved_run
from harness.study.record import Record
from harness.study.store import Store, find_run
from harness.suite import LoadedSuite, Words
from harness.targets.kinds import KINDS
from harness.tasks.task import Task
from harness.tasks.view import TaskView

Headed = TypeVar("Headed", bound=EncoderClassifier)


DEQUANTISED = ("a GGUF file: its weights are dequantised to fp32 and answer by transformers; "
               "latency and memory are of that, and not of llama.cpp; bytes are the file's")


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
    words: Words | None = None
    """What is read of it before that; None for the whole text."""
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
    learned: Task | None = None
    """The task as a kept run learned it."""
    notes: tuple[str, ...] = ()
    """How a folder is read, where a reader of its numbers must know."""
    unasked: str | None = None
    """Why general questions cannot be put to it, where that is so."""


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
    words: Words | None

    def load(self) -> Answering:
        """Read the folder. Raises HarnessError where it cannot answer the task."""
        return reading(self._model(), self.words)

    def _model(self) -> Answering:
        kind, link = KINDS[self.task.kind], LINKS.get(self.task.kind)
        backbone = read_as(self.admitted, self.base)
        check_reads(self.admitted.path, backbone.kind, self.task.input)
        if link is None and backbone.kind not in ASKED:
            raise HarnessError(f"{self.admitted.path}: an encoder has a head and writes nothing, "
                               f"and the task {kind.says}", "Name a model that writes.")
        load = load_tagging if kind.tagged else load_with_head
        loaded = load_tuned(self.admitted, self.base, self.device.type,
                            partial(load, products=self.device.products))
        check_whole(self.admitted, loaded)
        if not reads_words(backbone.kind):
            check_sees(self.admitted.path, loaded)
        if link is None or backbone.kind in ASKED:
            return self._asked(loaded, backbone)
        said = loaded.model.config.problem_type
        if said not in (None, link.problem_type):
            raise HarnessError(f"{self.admitted.path}: is of problem type {said}, the task of "
                               f"{link.problem_type}", "Its answers would mean another "
                               "thing: tune it for this task.")
        return kind.of(self._of_classes, self._of_numbers, self._of_spans, self._of_classes)(
            loaded, link)

    def _names(self, loaded: Loaded) -> list[str]:
        """What its outputs are called, in their order; numbers where nothing says it."""
        if self.admitted.is_adapter:
            return [str(i) for i in range(loaded.model.num_labels)]
        return [str(loaded.model.config.id2label[i])
                for i in range(loaded.model.config.num_labels)]

    def _of_classes(self, loaded: Loaded, link: Link) -> Answering:
        order = match_labels(self._names(loaded), self.wanted, self.labels)
        return Reordered(self._headed(EncoderClassifier, loaded, link), order)

    def _of_numbers(self, loaded: Loaded, link: Link) -> Answering:
        if len(self._names(loaded)) != 1:
            raise HarnessError(f"{self.admitted.path}: has {len(self._names(loaded))} outputs, and "
                               "a number is one", "Name a model with one output.")
        return self._headed(EncoderClassifier, loaded, link)

    def _of_spans(self, loaded: Loaded, link: Link) -> Answering:
        tagger = self._headed(EncoderTagger, loaded, link)
        tagger.tags = match_tags(self._names(loaded), self.wanted, self.labels)
        return tagger

    def _headed(self, made: type[Headed], loaded: Loaded, link: Link) -> Headed:
        return made(loaded, min(self.max_length, loaded.window), self.device, nothing_to_save, link)

    def _asked(self, loaded: Loaded, backbone: Handle) -> AskedDecoder:
        return plain_decoder(asking_job(self.task, backbone, self.device, self.max_length),
                             loaded=loaded)


def find_candidate(name: str, context: Context) -> Candidate:
    """A run by its id, or a folder. Raises HarnessError for what is neither or may not be read."""
    store = find_run(context.runs, name)
    if store is not None:
        return kept_candidate(name, store, context)
    if is_gguf(Path(name)):
        return _file_candidate(Path(name), context)
    if not Path(name).is_dir():
        raise unknown(name, context.runs)
    if is_graph(Path(name)):
        return _graph_candidate(Path(name), context)
    return _folder_candidate(plain(Path(name).resolve().name),
                             admit(Path(name), context.most_bytes), context)


def _folder_candidate(name: str, admitted: Admitted, context: Context) -> Candidate:
    base = context.base or _only_base(admitted, context.loaded)
    model = TunedFolder(admitted, context.task.view, context.max_length, context.device, base,
                        context.labels, context.loaded.suite.task.labels, context.words)
    return Candidate(name, model, admitted.sha256, admitted.bytes, base, admitted, None,
                     notes=tuned_notes(admitted, base))


def _file_candidate(path: Path, context: Context) -> Candidate:
    """A GGUF file, judged as what it holds. Raises HarnessError for one that may not be read."""
    admitted, sha256 = admit_gguf(path, context.most_bytes)
    found = _folder_candidate(plain(path.name), admitted, context)
    return dataclasses.replace(found, sha256=sha256, artifact_bytes=path.stat().st_size,
                               notes=(*found.notes, DEQUANTISED))


def _graph_candidate(folder: Path, context: Context) -> Candidate:
    """A folder whose model is an ONNX graph. Raises HarnessError for one that may not be read."""
    admitted = admit_graph(folder, context.most_bytes)
    model = GraphFolder(admitted, context.task.view, context.max_length, context.labels,
                        context.loaded.suite.task.labels, context.words)
    return Candidate(plain(folder.resolve().name), model, admitted.sha256, admitted.bytes,
                     context.base, admitted, None, notes=model.notes, unasked=UNASKED)


def kept_candidate(run_id: str, store: Store, context: Context) -> Candidate:
    """A kept run. Raises HarnessError when it is damaged or of another task."""
    record = store.record(run_id)
    check_usable(record)
    run: SavedRun = saved_run(context.loaded, context.task, context.device, store, record,
                              store.artifact(run_id))
    sha256 = sha256_tree(store.artifact(run_id))
    return Candidate(f"{record.identity.name}, run {run_id}", run, sha256,
                     saved_bytes(store, record), run.assignment.backbone, None, record,
                     run.assignment.task)


def _only_base(admitted: Admitted, loaded: LoadedSuite) -> Handle | None:
    """The suite's backbone of the folder's kind, where it has only one."""
    kind = None if admitted.is_adapter else hashed_handle(admitted.path, admitted.sha256).kind
    names = [name for name, spec in loaded.suite.weights.items()
             if kind in (None, spec.used_as) and spec.reader is None]
    return get_backbone(loaded, names[0]) if len(names) == 1 else None
