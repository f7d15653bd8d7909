"""Pools of test items with known truth, and answers to them of every kind of task.

Each method has a strength; an item's and a group's difficulty that all share, a group's difficulty
of its own, and noise stand beside it. What is right of an item never changes: only what is answered
is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from json import loads
from pathlib import Path

import numpy as np
from scipy.special import expit, softmax

from harness.common.kinds import Kind
from harness.targets.answers import Answers
from harness.targets.classification import ClassificationAnswers
from harness.targets.generation import CITATIONS, REFUSED_ONE, UNANSWERABLE, GenerationAnswers
from harness.targets.kinds import KINDS, TargetKind
from harness.targets.multilabel import MultilabelAnswers
from harness.targets.regression import RegressionAnswers
from harness.targets.spans import Found
from harness.tasks.drawing import draw_sizes
from harness.tasks.weighting import weights

HERE = Path(__file__).parent


@dataclass(frozen=True)
class World:
    """A pool of test items, and how strong classifiers are on it."""

    pool: str
    strengths: tuple[float, ...] = (1.2, 1.2, 0.6)
    drawn: int | None = None
    """Items of a weighted sample; None where all of the pool are answered."""
    kind: Kind = "classification"
    """Of the task."""
    item_sd: float = 1.0
    group_sd: float = 1.0
    own_group_sd: float = 0.7
    lean_sd: float = 0.5
    own_sd: float = 1.0

    @property
    def name(self) -> str:
        """Kind of task but the first, pool, sample and strengths."""
        drawn = "" if self.drawn is None else f", {self.drawn} weighted"
        kind = "" if self.kind == FIRST else f"{self.kind}: "
        return f"{kind}{self.pool}{drawn}, {' / '.join(f'{s:g}' for s in self.strengths)}"


FIRST: Kind = "classification"
OTHERS: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind != FIRST)
POOLS = ("even 10 x 10, 2 classes", "even 20 x 5, 2 classes", "even 44 x 3, 6 classes",
         "even 300 x 1, 2 classes", "even 308 x 1, 77 classes", "lumpy 20 x 5, 2 classes",
         "lumpy 44 x 3, 2 classes", "legal-100", "legal-300", "privacy-100", "sentiment-100")
POOLS_OF_OTHERS = ("even 20 x 5, 2 classes", "lumpy 44 x 3, 2 classes", "legal-300")
SAMPLES = (("lumpy 60 x 20, 2 classes", 100), ("legal-test", 100), ("legal-test", 300),
           ("privacy-test", 100), ("sentiment-test", 100))
STRENGTHS = ((0.3, 0.3, -0.3), (1.2, 1.2, 0.6), (4.0, 4.0, 3.0))
WORLDS = (*(World(pool, strengths) for pool, strengths in product(POOLS, STRENGTHS)),
          *(World(pool, strengths, drawn) for (pool, drawn), strengths in product(
              SAMPLES, STRENGTHS)),
          *(World(pool, strengths, kind=kind) for kind, pool, strengths in product(
              OTHERS, POOLS_OF_OTHERS, STRENGTHS)))
SHORT = (World("even 20 x 5, 2 classes"), World("lumpy 44 x 3, 2 classes"), World("legal-100"),
         World("even 10 x 10, 2 classes", (4.0, 4.0, 3.0)),
         World("lumpy 60 x 20, 2 classes", drawn=100),
         *(World("lumpy 44 x 3, 2 classes", kind=kind) for kind in OTHERS))


@cache
def pool(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Group and class of each item: [items] each."""
    kind, _, rest = name.partition(" ")
    if kind not in ("even", "lumpy"):
        parts = np.array(loads((HERE / "pools.json").read_text())[name])
        return np.repeat(parts[:, 0], parts[:, 2]), np.repeat(parts[:, 1], parts[:, 2])
    groups, size, classes = (int(word) for word in rest.replace("x", "").split()
                             if word.strip(",").isdigit() for word in (word.strip(","),))
    sizes = np.full(groups, size)
    if kind == "lumpy":
        sizes[0] = groups * size // 3  # a quarter of all
    return (np.repeat(np.arange(groups), sizes),
            np.repeat(np.arange(groups) % classes, sizes))


@dataclass(frozen=True)
class Sampled:
    """Groups, numbered from 0, classes and weights of a study's items: [items] each."""

    groups: np.ndarray
    targets: np.ndarray
    weights: np.ndarray | None = None


def sampled(world: World, seed: int) -> Sampled:
    """The items of one study of a world."""
    groups, targets = pool(world.pool)
    if world.drawn is None:
        return Sampled(groups, targets)
    order = draw_sizes(np.arange(len(targets), dtype=np.uint64), targets, groups, seed)
    own = order[:world.drawn]
    return Sampled(np.unique(groups[own], return_inverse=True)[1], targets[own],
                   weights(targets[order], groups[order], world.drawn))


@dataclass(frozen=True, eq=False)
class Simulated:
    """What every method answered, as counts: see `harness.targets.answers.Answers`."""

    kind: TargetKind
    every: tuple[Found, ...]
    groups: np.ndarray
    weights: np.ndarray | None

    @property
    def actual(self) -> np.ndarray:
        return self.every[0].actual

    @property
    def runs(self) -> Iterator[Found]:
        return iter(self.every)


def simulate(world: World, items: Sampled, rng: np.random.Generator) -> Answers:
    """What every method answers on the items."""
    return SIMULATED[world.kind](world, items, rng)


@dataclass(frozen=True)
class Drawn:
    """What is drawn of a method, [items] each."""

    ease: np.ndarray
    """Its strength, what all find easy, and what its groups are to it."""
    lean: np.ndarray
    """Of its groups, to each class: [items, classes]."""


def drawn(world: World, items: Sampled, rng: np.random.Generator) -> Iterator[Drawn]:
    """Each method in turn."""
    groups, size, count = items.groups, len(items.targets), int(items.groups.max()) + 1
    classes = int(items.targets.max()) + 1
    shared = rng.normal(0, world.item_sd, size) + rng.normal(0, world.group_sd, count)[groups]
    for strength in world.strengths:
        lean = rng.normal(0, world.lean_sd, (count, classes))[groups]
        own = rng.normal(0, world.own_group_sd, count)[groups]
        yield Drawn(strength + shared + own, lean)


def _one_class(world: World, items: Sampled, rng: np.random.Generator) -> Answers:
    """A score a class; the right one's is raised by what is easy."""
    size = len(items.targets)
    probabilities = []
    for one in drawn(world, items, rng):
        scores = rng.normal(0, world.own_sd, one.lean.shape) + one.lean
        scores[np.arange(size), items.targets] += one.ease
        probabilities.append(softmax(scores, axis=1))
    return ClassificationAnswers(probabilities, items.targets, items.groups, items.weights)


def has(items: Sampled) -> np.ndarray:
    """Which classes items have where they may have several: their own, and every other item the
    next one: [items, classes] bool."""
    classes = int(items.targets.max()) + 1
    found = np.eye(classes, dtype=bool)[items.targets]
    return found | (np.roll(found, 1, axis=1) & (np.arange(len(found)) % 2 == 1)[:, None])


def _several_classes(world: World, items: Sampled, rng: np.random.Generator) -> Answers:
    """A decision a class, each on the right side by what is easy."""
    actual = has(items)
    sides = np.where(actual, 1.0, -1.0)
    probabilities = [expit(sides * one.ease[:, None] + one.lean
                           + rng.normal(0, world.own_sd, actual.shape))
                     for one in drawn(world, items, rng)]
    return MultilabelAnswers(probabilities, actual, items.groups, items.weights)


def numbers_of(items: Sampled) -> np.ndarray:
    """What is right of items that have a number: [items]."""
    return 2 * items.targets + 3 * np.sin(np.arange(len(items.targets)) * 12.9898)


def _numbers(world: World, items: Sampled, rng: np.random.Generator) -> Answers:
    """Right but for an error of the items, of their groups and of the method, which is less by the
    strength."""
    right = numbers_of(items)
    answered = [right + np.exp(-strength / 2) * (
        one.ease - strength + rng.normal(0, world.own_sd, len(right)))
        for strength, one in zip(world.strengths, drawn(world, items, rng), strict=True)]
    return RegressionAnswers(np.stack(answered), right, items.groups, items.weights)


def _spans(world: World, items: Sampled, rng: np.random.Generator) -> Answers:
    """One to three spans an item, each found where it is easy; of those that are not, half are
    answered at another place, and some are answered where there is none."""
    size, actual = len(items.targets), has(items)
    there = actual.astype(int)
    there[np.arange(size), items.targets] += (np.arange(size) % 3 == 0)
    runs = []
    for strength, one in zip(world.strengths, drawn(world, items, rng), strict=True):
        hits = rng.binomial(there, expit(1.7 * (one.ease[:, None] + one.lean)))
        spurious = rng.poisson(np.exp(-strength) * expit(one.lean) / 2)
        runs.append(Found(hits, hits + rng.binomial(there - hits, 0.5) + spurious, there,
                          items.weights))
    return Simulated(KINDS["spans"], tuple(runs), items.groups, items.weights)


def _words(world: World, items: Sampled, rng: np.random.Generator) -> Answers:
    """Scores that rise with what is easy: nothing of the answer, some of its words, all of them."""
    size = len(items.targets)
    shares = np.stack([np.clip((one.ease + rng.normal(0, world.own_sd, size) + 1) / 2.5, 0, 1)
                       for one in drawn(world, items, rng)])
    words = np.ceil(4 * shares) / 4
    scores = {"exact_match": (shares == 1).astype(float), "token_f1": words, "rouge_l": shares,
              "answer_recall": np.sqrt(words), "rouge_1": words, "rouge_2": shares**2,
              "chrf": shares, "copied": 1 - shares, "words": 1 + 10 * shares}
    # As of tasks whose questions all have an answer.
    scores |= dict.fromkeys((UNANSWERABLE, REFUSED_ONE, *CITATIONS), np.full(shares.shape, np.nan))
    nothing = np.full(shares.shape, "", dtype=object)
    return GenerationAnswers(nothing, nothing[0], scores, np.zeros(size, dtype=bool), items.groups,
                             items.weights)


SIMULATED: Mapping[Kind, Callable[[World, Sampled, np.random.Generator], Answers]] = {
    "classification": _one_class, "multilabel": _several_classes, "regression": _numbers,
    "spans": _spans, "generation": _words}
