"""Methods over several studies: ranks with ties and intervals, and whether they differ at all.

In one study the rank of a method is known no better than its differences are: at least one more
than the methods that are significantly better, at most as many less than all as are significantly
lower. Where all pairs are corrected together these sets hold all ranks at once (Mogstad, Romano,
Shaikh and Wilhelm, Inference for Ranks, Review of Economic Studies 91, 2024, section 3). Over
studies each set is taken at its part of the level, so that the means of their ends hold the mean
ranks over these suites.

What other suites of their kind would say is asked by Friedman's test and Nemenyi's critical
difference (Demšar, Statistical Comparisons of Classifiers over Multiple Data Sets, Journal of
Machine Learning Research 7, 2006, section 3.2.2), which take each suite as one observation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import friedmanchisquare, rankdata, studentized_range

from harness.common.errors import HarnessError
from harness.common.names import listed
from harness.compare.pairs import ALPHA
from harness.compare.summary import Summary
from harness.measure.part import RecordPart
from harness.targets.kinds import gain

FEWEST = 3
"""Methods and suites below which Friedman's test has nothing to say."""


class SuiteRank(RecordPart):
    """A method's rank in one suite, 1 for the best; equals share a rank."""

    rank: float
    low: int
    high: int
    """What its rank may be: 95% for all methods and suites together."""


class Ranked(RecordPart):
    """A method over suites."""

    name: str
    places: tuple[SuiteRank, ...]
    """In the order of the suites."""
    mean: float
    low: float
    high: float
    """95% interval of the mean rank over these suites."""


class OverSuites(RecordPart):
    """Methods that every study has, the lowest mean rank first."""

    suites: tuple[str, ...]
    metrics: tuple[str, ...]
    """What decides in each suite."""
    left_out: tuple[str, ...]
    """Methods that a study lacks, or has no result of."""
    methods: tuple[Ranked, ...]
    p_value: float | None
    """Friedman's test that all methods rank alike; None for fewer than three suites or methods."""
    critical_difference: float | None
    """Nemenyi's: mean ranks further apart than this differ at 5%, were suites drawn at random."""


def over_suites(studies: Mapping[str, Summary]) -> OverSuites:
    """Rank the methods that all studies have. Raises HarnessError for fewer than two of them."""
    by_suite = {suite: {row.name for row in found.rows
                         if found.metric in row.common and row.standing != "ceiling"}
                for suite, found in studies.items()}
    shared = set.intersection(*by_suite.values())
    if len(shared) < 2:
        raise HarnessError(f"{listed(list(studies))} have {len(shared)} methods in common",
                           "Rank studies that share two or more.")
    places = [_places(found, shared, ALPHA / len(studies)) for found in studies.values()]
    methods = sorted((_ranked(name, [own[name] for own in places]) for name in shared),
                     key=lambda method: (method.mean, method.name))
    enough = len(shared) >= FEWEST and len(studies) >= FEWEST
    return OverSuites(
        suites=tuple(studies), metrics=tuple(found.metric for found in studies.values()),
        left_out=tuple(sorted(set.union(*by_suite.values()) - shared)), methods=tuple(methods),
        p_value=_friedman(methods) if enough else None,
        critical_difference=critical_difference(len(shared), len(studies)) if enough else None)


def critical_difference(methods: int, suites: int) -> float:
    """Of mean ranks, at 5%: q sqrt(k (k + 1) / 6 N) with the studentized range's q over sqrt 2."""
    q = float(studentized_range.ppf(1 - ALPHA, methods, np.inf)) / math.sqrt(2)
    return q * math.sqrt(methods * (methods + 1) / (6 * suites))


def _places(found: Summary, shared: set[str], level: float) -> dict[str, SuiteRank]:
    figures = {row.name: row.common[found.metric].mean for row in found.rows if row.name in shared}
    ranks = dict(zip(figures, rankdata([-gain(found.metric, value)
                                            for value in figures.values()]), strict=True))
    better, lower = dict.fromkeys(shared, 0), dict.fromkeys(shared, 0)
    for pair in found.pairs:
        known = pair.differences.get(found.metric)
        if {pair.first, pair.second} <= shared and known and known.adjusted < level:
            ahead = gain(found.metric, known.difference) > 0
            up, down = ((pair.first, pair.second) if ahead
                        else (pair.second, pair.first))
            lower[up] += 1
            better[down] += 1
    return {name: SuiteRank(rank=float(ranks[name]), low=1 + better[name],
                        high=len(shared) - lower[name]) for name in shared}


def _ranked(name: str, places: Sequence[SuiteRank]) -> Ranked:
    rank, low, high = (float(np.mean([getattr(place, end) for place in places]))
                       for end in ("rank", "low", "high"))
    return Ranked(name=name, places=tuple(places), mean=rank, low=low, high=high)


def _friedman(methods: Sequence[Ranked]) -> float:
    ranks = [[place.rank for place in method.places] for method in methods]
    p_value = float(friedmanchisquare(*ranks).pvalue)
    return 1.0 if math.isnan(p_value) else p_value
