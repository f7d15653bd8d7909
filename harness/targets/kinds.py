"""The kinds of task: what is measured of each, and its words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.common.kinds import Kind
from harness.targets.metric import Metric
from harness.targets.metrics import (
    ACCURACY,
    ANSWER_RECALL,
    CALIBRATION_ERROR,
    EXACT_MATCH,
    FALSE_NEGATIVE_RATE,
    FALSE_POSITIVE_RATE,
    HAMMING_LOSS,
    LOG_LOSS,
    MACRO_F1,
    MICRO_F1,
    MICRO_F1_OF_ONE,
    RANKING_PRECISION,
    ROC_AUC,
    ROUGE_L,
    SELECTION_RATE,
    SUBSET_ACCURACY,
    TOKEN_F1,
)


@dataclass(frozen=True)
class TargetKind:
    """A kind of task."""

    name: Kind
    metrics: tuple[Metric, ...]
    """What its runs are measured by, in the order of tables."""
    right: Metric
    """The share of the items that are right."""
    beside: tuple[Metric, Metric]
    """What stands beside the deciding metric where there is room for two more."""
    loss: str
    """The unit of its losses."""
    sure: tuple[str, str] | None
    """The axes of the calibration's figure; None where nothing says how sure an answer is."""
    sliced: tuple[Metric, ...] = ()
    """What is measured by slice."""
    sliced_of_two: tuple[Metric, ...] = ()
    """And where there are two classes."""

    def metric(self, name: str) -> Metric:
        """Its metric of that name, also of slices. Raises KeyError for one that it has not."""
        return _by_name((*self.metrics, *self.sliced_of_two))[name]

    @property
    def deciding(self) -> dict[str, Metric]:
        """What a study of it can be decided by."""
        return _by_name(metric for metric in self.metrics if metric.decides)


def _by_name(metrics: Iterable[Metric]) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics}


KINDS: dict[Kind, TargetKind] = {
    "classification": TargetKind(
        "classification",
        (ACCURACY, MACRO_F1, MICRO_F1_OF_ONE, ROC_AUC, LOG_LOSS, CALIBRATION_ERROR),
        right=ACCURACY, beside=(ACCURACY, ROC_AUC), loss="nats an item",
        sure=("highest probability", "share right"), sliced=(ACCURACY, MACRO_F1),
        sliced_of_two=(SELECTION_RATE, FALSE_POSITIVE_RATE, FALSE_NEGATIVE_RATE)),
    "multilabel": TargetKind(
        "multilabel",
        (MACRO_F1, MICRO_F1, SUBSET_ACCURACY, ROC_AUC, RANKING_PRECISION, HAMMING_LOSS, LOG_LOSS,
         CALIBRATION_ERROR),
        right=SUBSET_ACCURACY, beside=(MICRO_F1, SUBSET_ACCURACY),
        loss="nats a class of an item",
        sure=("probability of a class", "share that has the class"),
        sliced=(SUBSET_ACCURACY, MACRO_F1)),
    "generation": TargetKind(
        "generation", (EXACT_MATCH, TOKEN_F1, ROUGE_L, ANSWER_RECALL), right=EXACT_MATCH,
        beside=(EXACT_MATCH, ANSWER_RECALL), loss="nats an item", sure=None),
}
METRIC_NAMES = {metric.name: metric.says for kind in KINDS.values()
                for metric in (*kind.metrics, *kind.sliced_of_two)}
"""For people, by name."""
