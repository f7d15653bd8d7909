"""The kinds of task: what is measured of each, and its words.

A package of another's adds metrics by an entry point (`common.plugins`): its module calls
`add_metric`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from harness.common.capabilities import ASKED
from harness.common.kinds import BackboneKind, Kind
from harness.common.plugins import load_plugins
from harness.targets.metric import Metric
from harness.targets.metrics import (
    ACCURACY,
    ALL_SPANS,
    ANSWER_RECALL,
    ANSWERABLE_F1,
    CALIBRATION_ERROR,
    CHRF,
    COPIED,
    EXACT_MATCH,
    EXACT_MATCH_ANSWERABLE,
    FALSE_NEGATIVE_RATE,
    FALSE_POSITIVE_RATE,
    HAMMING_LOSS,
    LOG_LOSS,
    MACRO_F1,
    MAE,
    MICRO_F1,
    MICRO_F1_OF_ONE,
    PRECISION,
    R2,
    RANKING_PRECISION,
    RECALL,
    REFUSED,
    RMSE,
    ROC_AUC,
    ROUGE_1,
    ROUGE_2,
    ROUGE_L,
    SELECTION_RATE,
    SPAN_F1,
    SPAN_MACRO_F1,
    SPEARMAN,
    SUBSET_ACCURACY,
    TOKEN_F1,
    WORDS,
    WRONGLY_REFUSED,
)

Form = Literal["classes", "numbers", "spans", "words"]
T = TypeVar("T")


@dataclass(frozen=True)
class TargetKind:
    """A kind of task."""

    name: Kind
    own: tuple[Metric, ...]
    """What its runs are measured by, in the order of tables; without what packages add."""
    right: Metric | None
    """The share of the items that are right; None where no answer is simply right or wrong."""
    beside: tuple[Metric, Metric]
    """What stands beside the deciding metric where there is room for two more."""
    loss: str
    """The unit of its losses."""
    sure: tuple[str, str] | None
    """The axes of the calibration's figure; None where nothing says how sure an answer is."""
    form: Form = "classes"
    """What is answered."""
    beside_where: Mapping[Metric, tuple[Metric, Metric]] = field(default_factory=dict)
    """The same where one of these decides, of long answers: none is a reference word by word."""
    several: bool = False
    """Whether an item may have any number of classes."""
    asks: str = ""
    """What a new suite has a decoder asked; empty where that hangs on what is right of its items.
    """
    says: str = "has classes"
    """How it is answered, for people."""
    answer: str = "class"
    """What is right of an item, for people."""
    items: str = "texts"
    """What its items are, for people."""
    floor: str = "the most frequent class"
    """What answers without reading, for people."""
    sliced: tuple[Metric, ...] = ()
    """What is measured by slice; a gate holds slices against the first, of long answers against
    what decides."""
    sliced_of_two: tuple[Metric, ...] = ()
    """And where there are two classes."""

    @property
    def classes(self) -> bool:
        """Whether it is answered with classes of the items, by their probabilities."""
        return self.form == "classes"

    @property
    def named(self) -> bool:
        """Whether a suite names classes, which its items, or parts of them, have."""
        return self.form in ("classes", "spans")

    @property
    def tagged(self) -> bool:
        """Whether parts of an item are answered: a head says something of each word."""
        return self.form == "spans"

    @property
    def questions(self) -> bool:
        """Whether its items are questions, which documents may answer."""
        return self.form == "words"

    def right_of(self, deciding: str) -> Metric | None:
        """`right` where the metric of this name decides; None where it is one of long answers."""
        long = any(metric.name == deciding for metric in self.beside_where)
        return None if long else self.right

    def judged_by_slice(self, deciding: str) -> Metric:
        """What a gate holds slices against where the metric of this name decides."""
        return self.sliced[0] if self.right_of(deciding) is self.right else self.metric(deciding)

    def beside_of(self, deciding: str) -> tuple[Metric, Metric]:
        """What stands beside the metric of this name where it decides."""
        return next((pair for metric, pair in self.beside_where.items()
                     if metric.name == deciding), self.beside)

    def written(self, backbone: BackboneKind | None) -> bool:
        """Whether a backbone of this kind, or a method without one, answers in words: the others
        have a head, or count."""
        return self.form == "words" or (not self.classes and backbone in ASKED)

    def of(self, classes: T, numbers: T, spans: T, words: T) -> T:
        """The one of these that is for what is answered."""
        return {"classes": classes, "numbers": numbers, "spans": spans, "words": words}[self.form]

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What its runs are measured by, in the order of tables."""
        return (*self.own, *added(self.name))

    def find(self, name: str) -> Metric | None:
        """Its metric of that name, also of slices; None where it has none."""
        own = (*self.own, *self.sliced_of_two)  # before any package is looked for
        return _named(own, name) or _named(added(self.name), name)

    def metric(self, name: str) -> Metric:
        """The same. Raises KeyError where it has none."""
        found = self.find(name)
        if found is None:
            raise KeyError(name)
        return found

    @property
    def deciding(self) -> tuple[str, ...]:
        """What a study of it can be decided by."""
        return tuple(metric.name for metric in self.metrics if metric.decides)


def _named(metrics: Sequence[Metric], name: str) -> Metric | None:
    return next((metric for metric in metrics if metric.name == name), None)


KINDS: dict[Kind, TargetKind] = {
    "classification": TargetKind(
        "classification",
        (ACCURACY, MACRO_F1, MICRO_F1_OF_ONE, ROC_AUC, LOG_LOSS, CALIBRATION_ERROR),
        right=ACCURACY, beside=(ACCURACY, ROC_AUC), loss="nats an item",
        sure=("highest probability", "share right"),
        asks="Which of these is right? Answer with one of: {options}.",
        sliced=(ACCURACY, MACRO_F1),
        sliced_of_two=(SELECTION_RATE, FALSE_POSITIVE_RATE, FALSE_NEGATIVE_RATE)),
    "multilabel": TargetKind(
        "multilabel",
        (MACRO_F1, MICRO_F1, SUBSET_ACCURACY, ROC_AUC, RANKING_PRECISION, HAMMING_LOSS, LOG_LOSS,
         CALIBRATION_ERROR),
        right=SUBSET_ACCURACY, beside=(MICRO_F1, SUBSET_ACCURACY),
        loss="nats a class of an item",
        sure=("probability of a class", "share that has the class"), several=True,
        asks="Which of these apply: {options}? Answer for each with yes or no.",
        answer="set of classes",
        sliced=(SUBSET_ACCURACY, MACRO_F1)),
    "regression": TargetKind(
        "regression", (R2, SPEARMAN, RMSE, MAE), right=None, beside=(SPEARMAN, RMSE),
        loss="shares of the targets' variance", sure=None, form="numbers",
        says="is answered with a number", answer="number", floor="the training items' mean",
        sliced=(MAE, RMSE)),
    "spans": TargetKind(
        "spans", (SPAN_F1, SPAN_MACRO_F1, PRECISION, RECALL, ALL_SPANS), right=ALL_SPANS,
        beside=(PRECISION, RECALL), loss="nats a word", sure=None, form="spans", several=True,
        asks="Which words of the text are of these classes: {options}? Answer with the class, a "
             "colon and the words; several with \" | \" between them; none where there are none.",
        says="is answered with spans of the texts", answer="list of spans", floor="no span at all",
        sliced=(SPAN_F1, ALL_SPANS)),
    "generation": TargetKind(
        "generation",
        (EXACT_MATCH, TOKEN_F1, ROUGE_1, ROUGE_2, ROUGE_L, CHRF, ANSWER_RECALL, COPIED, WORDS,
         REFUSED, WRONGLY_REFUSED, ANSWERABLE_F1, EXACT_MATCH_ANSWERABLE),
        right=EXACT_MATCH, beside=(EXACT_MATCH, ANSWER_RECALL),
        beside_where=dict.fromkeys((ROUGE_1, ROUGE_L, CHRF), (ROUGE_2, COPIED))
        | {ROUGE_2: (ROUGE_L, COPIED)}, loss="nats an item", sure=None, form="words",
        says="is answered in words", items="questions",
        floor="the most frequent answer", sliced=(EXACT_MATCH, TOKEN_F1, ROUGE_L)),
}


def by_kind(*, one: T, several: T, numbers: T, spans: T, words: T) -> dict[Kind, T]:
    """For every kind the one of these that is for what is answered: one class an item, any number
    of classes, a number, spans, or words."""
    return {name: kind.of(several if kind.several else one, numbers, spans, words)
            for name, kind in KINDS.items()}


_ADDED: dict[Kind, list[Metric]] = {kind: [] for kind in KINDS}


def add_metric(kind: Kind, metric: Metric) -> None:
    """Have tasks of a kind measured by one more metric.

    Raises ValueError for a name that the kind has, for one that is to decide although neither more
    nor less of it is better, and for answers in words, whose scores are made where they are
    answered.
    """
    if KINDS[kind].form == "words":
        raise ValueError(f"metric '{metric.name}': answers in words have their own alone")
    has = (*KINDS[kind].own, *KINDS[kind].sliced_of_two, *_ADDED[kind])
    if metric.name in {other.name for other in has}:
        raise ValueError(f"metric '{metric.name}' is registered twice")
    if metric.decides and metric.better == "neither":
        raise ValueError(f"metric '{metric.name}' cannot decide: neither more nor less of it is "
                         "better; say `decides=False`")
    _ADDED[kind].append(metric)


def added(kind: Kind) -> tuple[Metric, ...]:
    """The metrics of other packages."""
    load_plugins("harness.metrics")
    return tuple(_ADDED[kind])


def declared(name: str) -> Metric | None:
    """The metric of that name, of whatever kind: a name says one thing; None for one whose package
    is not installed."""
    return next(filter(None, (kind.find(name) for kind in KINDS.values())), None)


def says(name: str) -> str:
    """A metric's name for people; of one whose package is not installed, as files have it."""
    found = declared(name)
    return found.says if found else name.replace("_", " ")


def gain(name: str, value: float) -> float:
    """`Metric.gain`; more is better of a metric whose package is not installed."""
    found = declared(name)
    return value if found is None else found.gain(value)
