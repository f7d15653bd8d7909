"""What the candidate forgot of its untouched backbone, with one-sided bounds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

import numpy as np

from harness.backbones.handle import Handle
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.forgetting.base_model import base_scores, examiner
from harness.forgetting.change import interval_of
from harness.forgetting.items import IN_CHAT, Answer, General
from harness.gate.bounds import ONE_SIDED, Bounds, two_sided
from harness.gate.candidate import Candidate
from harness.measure.intervals import Interval, mean_of
from harness.methods import register_all
from harness.methods.elsewhere import check_descent, check_vocabulary
from harness.methods.fitted import Answering, declared
from harness.methods.method import METHODS
from harness.suite import ForgettingItems
from harness.suite.gate import MEAN

KEPT = "the backbone's weights are left as they are"


def forgetting_evidence(candidate: Candidate, answering: Answering, asked: ForgettingItems | None,
                        device: Device, wanted: Sequence[str], level: float
                        ) -> dict[str, Bounds | str]:
    """The share lost of each that is `wanted`, a benchmark or probe of the suite or their mean,
    with one-sided bounds at a level; a reason where there is none.
    """
    if _leaves_weights(candidate):
        return dict.fromkeys(wanted, Bounds(0.0, 0.0, 0.0, KEPT))
    if candidate.unasked is not None:
        return dict.fromkeys(wanted, candidate.unasked)
    if asked is None:
        return dict.fromkeys(wanted, "the suite measures no forgetting (measure: forgetting:)")
    loaded, base = declared(answering).model, candidate.base
    if base is None or loaded is None:
        return dict.fromkeys(wanted, "nobody said which backbone it was tuned from (--base)")
    try:
        if candidate.admitted is not None:
            check_vocabulary(candidate.admitted, base)
            check_descent(candidate.admitted, base)
        examined_by = examiner(base, asked)
        before = base_scores(base, asked, device, examined_by)
        after = examined_by.put_to(loaded, device)
    except HarnessError as error:
        return dict.fromkeys(wanted, _without_path(error.found, candidate))
    return {name: _lost(name, before, after, base, level) for name in wanted}


def _lost(name: str, before: General, after: General, base: Handle, level: float
          ) -> Bounds | str:
    asked = dict.fromkeys(answer.benchmark for answer in before.answers)
    if name == MEAN and not asked:
        return f"the suite names no benchmark for a {base.kind}"
    if name not in (MEAN, *asked):
        return Bounds(0.0, 0.0, 0.0, f"{name} is put to no {base.kind}: nothing is measured")
    names = asked if name == MEAN else [name]
    return replace(lost_share(before, after, names, level), about=_about(before, names, base.name))


def lost_share(before: General, after: General, names: Iterable[str],
               level: float = ONE_SIDED) -> Bounds:
    """Mean over these benchmarks of the share lost; the bounds as `measure.forgetting` has
    intervals."""
    lost: list[float] = []
    intervals: list[Interval] = []
    for name in names:
        was, became = (_scores(side.answers, name) for side in (before, after))
        lost.append(float((was - became).mean()))
        intervals.append(interval_of(became, was, two_sided(level)))
    low, high = mean_of(lost, intervals)
    return Bounds(float(np.mean(lost)), low, high)


def _without_path(found: str, candidate: Candidate) -> str:
    """The result may be published: it names the folder, not where it lies."""
    return found if candidate.admitted is None else found.replace(
        str(candidate.admitted.path), candidate.name)


def _leaves_weights(candidate: Candidate) -> bool:
    if candidate.record is None:
        return False
    register_all()
    identity = candidate.record.identity
    return not METHODS[identity.method].changes_weights and identity.inner is None


def _scores(answers: Sequence[Answer], benchmark: str) -> np.ndarray:
    return np.array([a.score for a in answers if a.benchmark == benchmark])


def _about(before: General, names: Collection[str], base: str) -> str:
    asked = {a.benchmark: a.chat for a in before.answers if a.benchmark in names}
    items = sum(a.benchmark in asked for a in before.answers)
    said = ", ".join(name + IN_CHAT * chat for name, chat in asked.items())
    return f"{items} items of {said}, against the untouched {base}"
