"""The day's items and answers beside the approved run's: every test that needs no label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.common.capabilities import INPUTS
from harness.common.kinds import Input
from harness.measure.intervals import LEVEL
from harness.suite import Watch
from harness.targets.kinds import TargetKind
from harness.watch.by_input import BY_INPUT
from harness.watch.checks import not_asked
from harness.watch.confidence import DECIDES, Told, told
from harness.watch.result import Check
from harness.watch.said import Said, changes, kernel_of, moved
from harness.watch.shares import Change
from harness.watch.sides import Sides
from harness.watch.told_apart import told_apart
from harness.watch.traits import MOST, Trait, compared
from harness.watch.two_samples import chance, gaussian
from harness.watch.vectors import products

APART = "how well a classifier tells the day's {items} from the approved run's, ROC AUC"
ESTIMATED = "share right below the approved run's, as confidence tells it"


@dataclass(frozen=True)
class Both:
    """Both sides as they were measured, the approved run's items first."""

    input: Input
    sides: Sides
    vectors: Any
    """[items, width], dense or sparse."""
    traits: tuple[Trait, ...]
    before: Said
    now: Said
    right: np.ndarray | None
    """Of the approved run's items, [items] bool; None where no answer is simply right."""


@dataclass(frozen=True)
class Compared:
    """Checks that are not judged yet, and what they are of."""

    checks: tuple[Check, ...]
    shares: dict[str, Change]
    estimates: dict[str, Told]


def compare(both: Both, kind: TargetKind, policy: Watch, seed: int) -> Compared:
    """Everything that is tested. `seed` draws samples and permutations."""
    answered = np.concatenate([both.before.answered, both.now.answered])
    said = np.vstack([both.before.columns, both.now.columns])
    # A class that could not be read is a change of the answers; a number that was not has no place.
    counted = np.arange(len(said)) if both.before.names else np.flatnonzero(answered)
    found = both.sides.chosen(counted)
    shares = changes(said[counted], both.before.names, found)
    estimates = _estimates(both, seed)
    checks = (*_items(both, policy, seed), *_answers(said[counted], shares, found, kind, both,
                                                     policy, seed),
              *compared(both.traits, both.sides, seed), *_estimated(estimates, kind, policy,
                                                                        INPUTS[both.input].items))
    return Compared(checks, shares, estimates)


def _items(both: Both, policy: Watch, seed: int) -> Iterator[Check]:
    drawn = both.sides.drawn(MOST, seed)
    some, vectors = both.sides.chosen(drawn), both.vectors[drawn]
    yield Check(name=BY_INPUT[both.input].name, state="nothing", limit=policy.told_apart_from,
                says=APART.format(items=INPUTS[both.input].items),
                value=told_apart(vectors, some),
                p_value=chance(gaussian(products(vectors)), some, seed), about=_drawn(both, drawn))


def _answers(said: np.ndarray, shares: dict[str, Change], found: Sides, kind: TargetKind,
             both: Both, policy: Watch, seed: int) -> Iterator[Check]:
    drawn = found.drawn(MOST, seed)
    kernel = kernel_of(said[drawn], bool(both.before.names))
    p = chance(kernel, found.chosen(drawn), seed)
    says = kind.of("how far the classes answered moved, ",
                   "how far the numbers answered moved, ",
                   "how far the share of texts with a span of a class moved, ",
                   "how far the lengths of answers moved, ") + (
        "Kolmogorov-Smirnov" if not both.before.names else
        "largest change" if kind.several else "total variation")
    yield Check(name="answers", says=says, state="nothing", limit=policy.answers_moved_from,
                value=moved(kind, said, shares, found), p_value=p, about=_drawn(both, drawn))


def _drawn(both: Both, drawn: np.ndarray) -> str:
    items = len(both.sides.today)
    return f"of {len(drawn)} of {items} items, drawn at random" if len(drawn) < items else ""


def _estimates(both: Both, seed: int) -> dict[str, Told]:
    before, now = both.before, both.now
    if both.right is None or before.sure is None or now.sure is None:
        return {}
    kept = np.flatnonzero(np.concatenate([before.answered, now.answered]))
    sure = np.concatenate([before.sure, now.sure])
    if not now.answered.any():
        return {}
    return told(sure[kept], both.right[before.answered], both.sides.chosen(kept), seed)


def _estimated(found: dict[str, Told], kind: TargetKind, policy: Watch, items: str
               ) -> Iterator[Check]:
    if not found:
        why = ("the model only names classes" if kind.sure else
               f"nothing says how sure an answer of a task of kind {kind.name} is")
        yield not_asked("estimated-drop", ESTIMATED, why)
        return
    one = found[DECIDES]
    yield Check(name="estimated-drop", says=ESTIMATED, state="nothing", value=one.drop,
                low=one.drop_low, high=one.drop_high, limit=policy.estimated_drop_from,
                p_value=one.p_value, about=f"by {DECIDES}: {one.value:.3f} [{one.low:.3f}, "
                f"{one.high:.3f}], {LEVEL:.0%}; true only where {items} changed and what is right "
                "of them did not")
