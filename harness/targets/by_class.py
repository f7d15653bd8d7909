"""The formulas of metrics by class, of what a run answered (`Marked`)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.targets.areas import AREAS
from harness.targets.marked import BINS, Marked, confidence_bins
from harness.targets.metric import Formula


def share(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """One over the other; NaN where there is nothing below."""
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan),
                                where=below > 0))


def f1_of(hits: np.ndarray, predicted: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """F1 from counts; 0 where nothing is there and nothing is answered."""
    below = predicted + actual
    return np.asarray(np.divide(2 * hits, below, out=np.zeros_like(below), where=below > 0))


def nats(probabilities: np.ndarray) -> np.ndarray:
    """-log p, clipped as scikit-learn does."""
    return np.asarray(-np.log(np.clip(probabilities, np.finfo(probabilities.dtype).eps, 1.0)))


def if_wrong(run: Marked) -> float:
    """What a run's log loss would be if no item were of its class: the mean nats of what is not;
    NaN of one that does not say how sure it is."""
    if not run.graded:
        return float("nan")
    return float(np.average(nats(run.for_wrong).mean(axis=1), weights=run.weights))


def of_graded(contributions: Callable[[Marked], np.ndarray]) -> Callable[[Marked], np.ndarray]:
    """The same of runs that say how sure they are; NaN, and so not defined, of all others."""
    def found(run: Marked) -> np.ndarray:
        each = contributions(run)
        return each if run.graded else np.full_like(each, np.nan, dtype=float)

    return found


def _columns(*each: np.ndarray) -> np.ndarray:
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in each])


def _mean(sums: np.ndarray) -> np.ndarray:
    return share(sums[0], sums[1])


def _all_right(run: Marked) -> np.ndarray:
    return _columns(run.right, np.ones(len(run.actual)))


def _by_class(run: Marked) -> np.ndarray:
    return _columns(run.actual & run.chosen, run.chosen, run.actual)


def macro_f1(sums: np.ndarray) -> np.ndarray:
    """1/|C| times the sum over c in C of 2 TP / (2 TP + FP + FN), C the classes that the items
    have: a model that is right on all items has 1, and all models are averaged over the same
    classes. scikit-learn's default also averages over classes that are answered and that no item
    has; here such answers count as what they are, wrong for the class that the item has."""
    hits, predicted, actual = np.split(sums, 3)
    there = actual > 0
    return share((f1_of(hits, predicted, actual) * there).sum(axis=0), there.sum(axis=0))


def _decisions(run: Marked) -> np.ndarray:
    return _columns((run.actual & run.chosen).sum(axis=1), run.chosen.sum(axis=1),
                    run.actual.sum(axis=1))


def _ranking(run: Marked) -> np.ndarray:
    return _columns(ranking_precisions(run.probabilities, run.actual), np.ones(len(run.actual)))


def ranking_precisions(probabilities: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Each item's mean over its classes of the share of its classes among those ranked as high or
    higher: [items]; 1 for an item with no class or all (Tsoumakas, Katakis and Vlahavas, Mining
    Multi-label Data, 2010, section 34.3; scikit-learn's label ranking average precision)."""
    from scipy.stats import rankdata  # half a second, and few tasks need it

    among_all = rankdata(-probabilities, method="max", axis=1)
    among_own = rankdata(np.where(targets, -probabilities, np.inf), method="max", axis=1)
    own = targets.sum(axis=1)
    shares = np.where(targets, among_own / among_all, 0.0).sum(axis=1)
    return np.asarray(np.divide(shares, own, out=np.ones(len(targets)), where=own > 0))


def _wrong(run: Marked) -> np.ndarray:
    items, classes = run.actual.shape
    return _columns((run.chosen != run.actual).sum(axis=1), np.full(items, classes))


def _losses(run: Marked) -> np.ndarray:
    items, decisions = run.for_right.shape
    return _columns(nats(run.for_right).sum(axis=1), np.full(items, decisions))


def _gaps(run: Marked) -> np.ndarray:
    items, decisions = run.confidence.shape
    gaps = np.zeros((items, BINS))
    np.add.at(gaps, (np.arange(items)[:, None], confidence_bins(run.confidence)),
              run.came_true - run.confidence)
    return _columns(gaps, np.full(items, decisions))


def _off(sums: np.ndarray) -> np.ndarray:
    """Expected calibration error (Guo et al. 2017, section 2, eq. 3): the sum over bins (lower,
    upper] of the share of decisions times |share that came true - mean confidence|."""
    return share(np.abs(sums[:BINS]).sum(axis=0), sums[BINS])


def _selected(run: Marked) -> np.ndarray:
    """Whether answered with the second of two classes, and whether it has it."""
    return _columns(run.chosen[:, 1], run.chosen[:, 1] & run.actual[:, 1], run.actual)


ALL_RIGHT = Formula(_all_right, _mean)
MACRO_F1 = Formula(_by_class, macro_f1)
MICRO_F1 = Formula(_decisions, lambda sums: f1_of(*sums))
"""F1 over all decisions; 0 where nothing is there and nothing is answered."""
ROC_AUC = Formula(of_graded(AREAS.contributions), AREAS.finish)
RANKING_PRECISION = Formula(of_graded(_ranking), _mean)
HAMMING_LOSS = Formula(_wrong, _mean)
LOG_LOSS = Formula(of_graded(_losses), _mean)
CALIBRATION_ERROR = Formula(of_graded(_gaps), _off)
SELECTION_RATE = Formula(_selected, lambda sums: share(sums[0], sums[2:].sum(axis=0)))
"""Share of the items answered with the second of two classes."""
FALSE_POSITIVE_RATE = Formula(_selected, lambda sums: share(sums[0] - sums[1], sums[2]))
"""Share of the first class's items answered with the second."""
FALSE_NEGATIVE_RATE = Formula(_selected, lambda sums: share(sums[3] - sums[1], sums[3]))
"""Share of the second class's items answered with the first."""
