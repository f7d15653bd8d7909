"""A look at a study's data: what is looked at, and by which checks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.backbones.encoding.features import Embedder, FeatureStore, Featurizer
from harness.backbones.frozen import frozen
from harness.backbones.handle import Handle
from harness.backbones.lengths import share_too_long
from harness.backbones.vision.prepared import read_prepared
from harness.check import (
    answers,
    groups,
    items,
    labels,
    near,
    near_pictures,
    picture_sizes,
    power,
    spans,
    weights,
)
from harness.check.finding import Finding
from harness.common.cache import cache_folder
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.files import sha256_json
from harness.common.kinds import Input
from harness.common.provenance import ITEMS, provenance
from harness.suite import Budget
from harness.targets.kinds import KINDS
from harness.tasks.cut import cut_items
from harness.tasks.examples import Example
from harness.tasks.splits import Splits
from harness.tasks.spread import spreads
from harness.tasks.task import Task

if TYPE_CHECKING:
    from harness.processes.own import Say

VECTORS: dict[Input, Callable[[Handle, int, Device], Featurizer]] = {
    "text": lambda handle, longest, device: Embedder(handle, longest, device).featurizer("alike"),
    "image": frozen}
"""What tells which items are alike: a handle, tokens of a text, a device."""
NEAR: dict[Input, near.Duplicates] = {"text": near.near_duplicates,
                                      "image": near_pictures.near_duplicates}


@dataclass(frozen=True)
class Examined:
    """What is looked at: the items that the suite's own budget gives, and by which models."""

    task: Task
    splits: Splits
    backbones: tuple[tuple[Handle, Budget], ...]
    first: Budget
    """The first backbone's."""
    features: Handle | None
    """What embeds the texts in the search for label errors; None where there is no encoder."""
    device: Device
    matters: float
    methods: int
    deciding: str
    """The metric."""

    @property
    def key(self) -> str:
        """Names all that the findings depend on."""
        return sha256_json([
            self.task.sha256, self.splits.sha256, self.splits.content_sha256,
            dataclasses.asdict(self.task.facts), self.matters,
            self.methods, self.deciding,
            [(h.sha256, b.max_length, b.max_words, b.ends) for h, b in self.backbones],
            self.features and self.features.sha256,
            provenance(__name__, known=ITEMS).key])[:32]


def look_at_labels(look: Examined, say: Say) -> tuple[Finding, ...]:
    """Labels that the texts' vectors contradict. `look` has something to embed them by."""
    assert look.features is not None  # noqa: S101  (as the caller saw)
    say("checking: labels")
    train = look.splits.train
    featurizer = VECTORS[look.task.input](look.features, look.first.max_length, look.device)
    vectors = FeatureStore(cache_folder() / "features").features(featurizer, train, Clock(),
                                                                 "encode")
    return tuple(labels.check_labels(train, vectors, look.task.labels))


def look_at_texts(look: Examined, say: Say) -> tuple[Finding, ...]:
    """All that needs no vectors."""
    return tuple(_of_texts(look, say))


def _of_texts(look: Examined, say: Say) -> Iterator[Finding]:
    splits, train = look.splits, look.splits.train
    yield from items.check_rows(look.task)
    if look.task.labels:
        yield from items.check_classes(look.task, splits)
        yield from groups.check_groups(spreads(look.task.splits, splits, look.task.labels))
    if KINDS[look.task.kind].questions:
        yield from answers.check_form(look.task, look.task.facts, splits)
        if look.task.corpus is not None:
            yield from answers.check_answers(look.task.corpus, splits, look.task.wording)
    if KINDS[look.task.kind].tagged:
        yield from spans.check_spans(splits, look.first.max_words)
    yield from items.check_columns((*train, *splits.validation, *splits.test))
    yield from items.check_leaks(look.task)
    yield from items.check_test(splits)
    say("checking: near-duplicates")
    yield from near.check_near(splits, NEAR[look.task.input])
    say("checking: lengths")
    yield from EXTENTS[look.task.input](look)
    yield from weights.check_weights(splits)
    yield from power.check_power(splits, look.matters, look.methods, KINDS[look.task.kind],
                                 look.deciding)


def _of_lengths(look: Examined) -> Iterator[Finding]:
    yield from items.check_lengths({
        handle.name: (share_too_long(handle, look.task, _read(look.splits.train, budget),
                                     budget.max_length), budget.max_length)
        for handle, budget in look.backbones})


def _of_sizes(look: Examined) -> Iterator[Finding]:
    parts = (*look.splits.train, *look.splits.validation, *look.splits.test)
    yield from picture_sizes.check_sizes(parts, {
        handle.name: read_prepared(handle.path).size for handle, _ in look.backbones})


EXTENTS: dict[Input, Callable[[Examined], Iterator[Finding]]] = {"text": _of_lengths,
                                                            "image": _of_sizes}
"""How much there is of an item, beside how much of it a model reads."""


def _read(train: Sequence[Example], budget: Budget) -> Sequence[Example]:
    return train if budget.words is None else cut_items(train, budget.words)
