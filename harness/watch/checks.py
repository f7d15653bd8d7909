"""From what was measured to what is found: Holm's correction, and the policy's limits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.compare.pairs import holm
from harness.measure.spending import spent
from harness.watch.result import Check, Labelled, Name, Outcome
from harness.watch.two_samples import LEAST_P


def not_asked(name: Name, says: str, why: str) -> Check:
    """A check that there is nothing to say of."""
    return Check(name=name, says=says, state="not-asked", about=why)


def exact(name: Name, says: str, count: int, of: int, limit: float) -> Check:
    """A share of the table's own rows: no sample, so no chance in it."""
    share = count / of
    return Check(name=name, says=says, state="drift" if share > limit else "nothing", value=share,
                 limit=limit, about=f"{count} of {of}")


def tested(found: Sequence[Check], level: float, look: int) -> tuple[Check, ...]:
    """The day's tests with their corrected p values, judged.

    Over the day's tests by Holm (Scandinavian Journal of Statistics 6, 1979), which holds whatever
    they have to do with each other. `over_days` asks for level / (t (t + 1)) on the t-th table,
    which sums to the level over all tables, whatever these have in common.
    """
    asked = [check for check in found if check.p_value is not None]
    adjusted = iter(holm(np.array([check.p_value for check in asked])).tolist() if asked else ())
    left = spent(level, look)
    return tuple(check if check.p_value is None else
                 _judged(check, float(next(adjusted)), level, left) for check in found)


def _judged(check: Check, adjusted: float, level: float, left: float) -> Check:
    large = check.value is not None and check.limit is not None and check.value >= check.limit
    return check.model_copy(update={
        "adjusted": adjusted, "state": "drift" if large and adjusted <= level else "nothing",
        "over_days": large and adjusted <= left})


def last_look(level: float, tests: int) -> int:
    """The number of the last table whose level over all days a p value from so many draws reaches,
    with so many tests a day."""
    look = 1
    while spent(level, look + 1) >= tests * LEAST_P:
        look += 1
    return look


def of_labels(found: Labelled, limit: float) -> Check:
    """The approved figure less the share right of labelled items, at all times."""
    drop = found.approved - found.share
    return Check(
        name="labelled-drop", says=f"share right below the approved, of labelled {found.unit}",
        state="drift" if found.evidence >= found.needed else "nothing", value=drop,
        low=found.approved_low - found.high, high=found.approved_high - found.low, limit=limit,
        about=f"{found.units} {found.unit}; evidence {found.evidence:.3g} of {found.needed:g} "
              f"that it is below {found.least:.3f}")


def outcome_of(checks: Sequence[Check], enough: bool) -> Outcome:
    """Drift where any check found it; nothing is said of too few texts."""
    if any(check.state == "drift" for check in checks):
        return "drift"
    return "nothing-found" if enough else "cannot-say"
