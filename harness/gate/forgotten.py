"""What the candidate forgot of its untouched backbone, with one-sided bounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.backbones.load import Loaded
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.forgetting.base_model import base_scores, examiner
from harness.forgetting.items import Answer, General
from harness.gate.bounds import ONE_SIDED, Bounds
from harness.gate.candidate import Candidate, model_in
from harness.measure.intervals import (
    Interval,
    mean_difference,
    mean_of,
    paired_proportions,
)
from harness.methods import register_all
from harness.methods.elsewhere import check_descent, check_vocabulary
from harness.methods.fitted import Adapted, Answering
from harness.methods.method import METHODS
from harness.suite import ForgettingItems

LEVEL = 2 * ONE_SIDED - 1
"""Of the two-sided interval whose ends are the one-sided bounds."""
NOTHING = Bounds(0.0, 0.0, 0.0)


def forgetting_evidence(candidate: Candidate, answering: Answering, asked: ForgettingItems | None,
                        device: Device) -> tuple[Bounds | str, str]:
    """The mean share lost over the benchmarks, and what it is over; a reason where there is none.
    """
    if _leaves_weights(candidate):
        return NOTHING, "the backbone's weights are left as they are"
    if candidate.unasked is not None:
        return candidate.unasked, ""
    if asked is None:
        return "the suite measures no forgetting (measure: forgetting:)", ""
    loaded = _weights(answering)
    if candidate.base is None or loaded is None:
        return "nobody said which backbone it was tuned from (--base)", ""
    try:
        if candidate.admitted is not None:
            check_vocabulary(candidate.admitted, candidate.base)
            check_descent(candidate.admitted, candidate.base)
        examined_by = examiner(candidate.base, asked)
        before = base_scores(candidate.base, asked, device, examined_by)
        after = examined_by.put_to(loaded, device)
    except HarnessError as error:
        return _without_path(error.found, candidate), ""
    if not before.answers:
        return f"the suite names no benchmark for a {candidate.base.kind}", ""
    return lost_share(before, after), _about(before, candidate.base.name)


def lost_share(before: General, after: General) -> Bounds:
    """Mean over benchmarks of the share lost; the bounds as `measure.forgetting` has intervals."""
    names = dict.fromkeys(answer.benchmark for answer in before.answers)
    lost: list[float] = []
    intervals: list[Interval] = []
    for name in names:
        scores = [_scores(side.answers, name) for side in (before, after)]
        drops = scores[0] - scores[1]
        lost.append(float(drops.mean()))
        shares = bool(np.isin(np.concatenate(scores), (0, 1)).all())
        intervals.append(
            paired_proportions(int((drops > 0).sum()), int((drops < 0).sum()), len(drops), LEVEL)
            if shares else mean_difference(drops.tolist(), LEVEL))
    low, high = mean_of(lost, intervals)
    return Bounds(float(np.mean(lost)), low, high)


def _without_path(found: str, candidate: Candidate) -> str:
    """The result may be published: it names the folder, not where it lies."""
    return found if candidate.admitted is None else found.replace(
        str(candidate.admitted.path), candidate.name)


def _weights(answering: Answering) -> Loaded | None:
    inside = model_in(answering)
    return inside.loaded if isinstance(inside, Adapted) else None


def _leaves_weights(candidate: Candidate) -> bool:
    if candidate.record is None:
        return False
    register_all()
    identity = candidate.record.identity
    return not METHODS[identity.method].changes_weights and identity.inner is None


def _scores(answers: Sequence[Answer], benchmark: str) -> np.ndarray:
    return np.array([a.score for a in answers if a.benchmark == benchmark])


def _about(before: General, base: str) -> str:
    names = list(dict.fromkeys(answer.benchmark for answer in before.answers))
    return f"{len(before.answers)} items of {', '.join(names)}, against the untouched {base}"
