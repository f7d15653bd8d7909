"""A candidate that is an ONNX graph."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.backbones.admission.folder import CONFIG, Admitted
from harness.backbones.graphs.session import MODEL, Graph, open_graph, rounds
from harness.backbones.handle import Handle
from harness.backbones.load import load_tokenizer
from harness.backbones.vision.stated import pixels_of
from harness.backbones.window import window_of
from harness.common.capabilities import INPUTS
from harness.common.errors import HarnessError
from harness.gate.labels import Reordered, match_labels, match_tags
from harness.methods.elsewhere import check_input, check_names_agree
from harness.methods.fitted import Answering
from harness.methods.learning.encoder import BATCH
from harness.methods.link import LINKS, Link
from harness.methods.reading import reading
from harness.methods.shipped import Shipped, ShippedTagger
from harness.methods.shipped_pictures import ShippedPictures
from harness.suite import Words
from harness.targets.kinds import KINDS
from harness.tasks.view import TaskView

Made = TypeVar("Made", bound=Shipped)
UNASKED = ("not measured: an ONNX graph gives the answers of its head alone, and general questions "
           "are put to states or words")
"""Why nothing is known of what it forgot."""
ALONE = ("its graph rounds activations by all that is asked at once (DynamicQuantizeLinear): it is "
         "asked one item at a time, so that an answer is the item's own")


@dataclass(frozen=True)
class GraphFolder:
    """An ONNX folder that was looked at, with how it is asked."""

    admitted: Admitted
    task: TaskView
    max_length: int
    labels: Mapping[str, str]
    wanted: Mapping[str, tuple[str, ...]]
    words: Words | None

    def load(self) -> Answering:
        """Read the folder. Raises HarnessError where it cannot answer the task."""
        kind, link = KINDS[self.task.kind], LINKS.get(self.task.kind)
        if link is None:
            raise HarnessError(f"{self.admitted.path}: a graph has a head and writes nothing, and "
                               f"the task {kind.says}", "Name a model that writes.")
        said = self._config.get("problem_type")
        if said not in (None, link.problem_type):
            raise HarnessError(f"{self.admitted.path}: is of problem type {said}, the task of "
                               f"{link.problem_type}", "Its answers would mean another "
                               "thing: tune it for this task.")
        check_names_agree(self.admitted.path)
        graph = open_graph(self.admitted.path)
        check_input(self.admitted.path, graph.reads, self.task.input)
        read = kind.of(self._of_classes, self._of_numbers, self._of_spans, self._of_classes)
        return reading(read(graph, link), self.words)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of its numbers must know."""
        return (ALONE,) if rounds(self.admitted.path) else ()

    @property
    def _config(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            (self.admitted.path / CONFIG).read_text(encoding="utf-8"))
        return found

    def _names(self, graph: Graph) -> list[str]:
        """What its outputs are called, in their order. Raises HarnessError where there are more or
        fewer names than outputs."""
        named = self._config.get("id2label") or {}
        try:
            names = [str(named[key]) for key in sorted(named, key=int)]
        except (TypeError, ValueError, AttributeError):
            names = []
        sides = graph.session.get_outputs()[0].shape
        if sides[-1] != len(names):
            raise HarnessError(f"{self.admitted.path}: {CONFIG} names {len(names)} outputs "
                               f"(id2label), {MODEL} has {sides[-1]}",
                               "Put the configuration of this graph beside it.")
        tagged = KINDS[self.task.kind].tagged
        if len(sides) != 2 + tagged:
            raise HarnessError(f"{self.admitted.path}: {MODEL} answers for each "
                               f"{'token' if len(sides) == 3 else 'text'}, the task for each "
                               f"{'word' if tagged else 'text'}", "Name a model of this task.")
        return names

    def _of_classes(self, graph: Graph, link: Link) -> Answering:
        order = match_labels(self._names(graph), self.wanted, self.labels)
        return Reordered(self._answers(graph, link), order)

    def _of_numbers(self, graph: Graph, link: Link) -> Answering:
        names = self._names(graph)
        if len(names) != 1:
            raise HarnessError(f"{self.admitted.path}: has {len(names)} outputs, and a number is "
                               "one", "Name a model with one output.")
        return self._answers(graph, link)

    def _of_spans(self, graph: Graph, link: Link) -> Answering:
        tags = match_tags(self._names(graph), self.wanted, self.labels)
        tagger = self._of_texts(ShippedTagger, graph, link)
        tagger.tags = tags
        return tagger

    def _answers(self, graph: Graph, link: Link) -> Answering:
        if INPUTS[self.task.input].in_words:
            return self._of_texts(Shipped, graph, link)
        return ShippedPictures(graph, pixels_of(self.admitted.path), link,
                               1 if graph.rounds else BATCH)

    def _of_texts(self, made: type[Made], graph: Graph, link: Link) -> Made:
        folder = self.admitted.path
        handle = Handle(folder.name, "encoder", folder, self.admitted.sha256, folder.name)
        tokenizer = load_tokenizer(handle)
        tokenizer.model_input_names = [name for name in tokenizer.model_input_names
                                       if name in graph.inputs]
        longest = min(self.max_length, window_of(handle, tokenizer))
        return made(graph, tokenizer, longest, link, 1 if graph.rounds else BATCH)
