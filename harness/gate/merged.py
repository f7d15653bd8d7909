"""How often a candidate answers otherwise once it is merged as it would be deployed."""

from __future__ import annotations

from scipy.stats import binomtest

from harness.gate.bounds import ONE_SIDED, Bounds, two_sided
from harness.gate.candidate import Candidate

APART = ("an adapter from elsewhere: merge it and gate the merged model, or gate a run, whose "
         "record says what merging changed")


def merge_evidence(candidate: Candidate, level: float = ONE_SIDED) -> Bounds | str:
    """The share of a run's test items that are answered otherwise, with exact binomial bounds
    (Clopper and Pearson 1934); a reason where it is not known."""
    if candidate.record is None:
        return APART if candidate.admitted and candidate.admitted.is_adapter else NOTHING
    merge = candidate.record.merge
    if merge is None:
        return NOTHING
    if merge.reason is not None:
        return merge.reason
    found = binomtest(merge.changed, merge.items).proportion_ci(two_sided(level), "exact")
    return Bounds(merge.changed / merge.items, float(found.low), float(found.high),
                  f"{merge.changed} of {merge.items} items of the run; {merge.better} better and "
                  f"{merge.worse} worse")


NOTHING = Bounds(0.0, 0.0, 0.0, "there is nothing to merge")
