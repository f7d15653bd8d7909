"""How methods stand to the best, and what the comparison could have told, in plain sentences."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from harness.compare.curves import LearningCurves
from harness.compare.summary import Summary, Weighted
from harness.report import words
from harness.targets.kinds import says

FEWEST = 6
"""Groups of equal weight that all agree have a p-value below 5% by their signs: 2 / 2^6."""
LITTLE = 5e-4
"""Of luck: what the figures' three places do not show is not said."""
UNKNOWN = ("the items cannot tell a difference of any size: they are too few, of one group, or "
           "lack a class")


def standing(summary: Summary) -> str:
    """Which methods are worse than the best, which tied, which undecided, and how fine it saw."""
    if not summary.rows or summary.metric not in summary.rows[0].common:
        return "No method has a result."
    best = summary.rows[0]
    by = {word: [row.name for row in summary.rows if row.standing == word]
          for word in ("lower", "tied", "undecided", "ceiling")}
    most = {"higher": "Highest", "lower": "Lowest"}[words.more(summary.metric)]
    said = [f"{most} {says(summary.metric)}: {best.name}, "
            f"{words.spread(best.common[summary.metric])}, on {_own_items(summary, best.name)}."]
    if summary.answered:
        said.append(_unequal(summary))
    if summary.luck and summary.luck >= LITTLE:
        said.append(f"Picked as the {most.lower()}, it is likely some {summary.luck:.3f} better "
                    "here than it is.")
    if summary.weighted:
        said.append(_weighted(summary.weighted))
    if 0 < summary.effective_groups < FEWEST:
        said.append(f"They are too few groups to show anything at 5%: that takes {FEWEST}.")
    if by["lower"]:
        said.append(f"Significantly {words.less(summary.metric)}: {', '.join(by['lower'])}.")
    if by["tied"]:
        said.append(f"Tied with it: {', '.join(by['tied'])}.")
    if by["undecided"]:
        reach = [row.behind.detectable for row in summary.rows
                 if row.behind and row.standing == "undecided"]
        said.append(f"Too small a study to tell: {', '.join(by['undecided'])} "
                    f"({detectable(reach)}).")
    if by["ceiling"]:
        said.append(f"Told what no deployed model is, and so no choice but a ceiling: "
                    f"{', '.join(by['ceiling'])}.")
    return " ".join(said)


def _own_items(summary: Summary, name: str) -> str:
    """The test items that a method's figures are of."""
    if summary.answered:
        return f"the {summary.answered[name]} test items that it answered"
    return (f"the {summary.common_items} test items of {summary.groups} groups{worth(summary)} "
            "that every method answered")


def items(summary: Summary) -> str:
    """The test items that methods' figures are of."""
    if not summary.answered:
        return f"the {summary.common_items} test items that every method answered"
    counts = sorted(set(summary.answered.values()))
    return f"all test items that a method answered, {words.listed(list(map(str, counts)))}"


def column(summary: Summary) -> str:
    """Of which items the deciding metric stands in tables."""
    return "items answered" if summary.answered else "common items"


def _unequal(summary: Summary) -> str:
    """Who answered fewer items, and how such pairs are compared."""
    most = max(summary.answered.values())
    by: dict[int, list[str]] = {}
    for name, count in summary.answered.items():
        by.setdefault(count, []).append(name)
    fewer = words.listed([f"{count} were answered by {words.listed(names)}"
                          for count, names in sorted(by.items()) if count < most])
    left = [gap.left for pair in summary.pairs
            if (gap := pair.differences.get(summary.metric)) and gap.left < 1]
    said = (f"Of {most} test items only {fewer}: every two methods are compared on all that both "
            "answered")
    if not left:
        return f"{said}."
    return (f"{said}; what others answered of the rest makes the intervals of {len(left)} of them "
            f"narrower, by {1 - statistics.median(left):.0%} in the median.")


def detectable(reach: Sequence[float]) -> str:
    """Which differences the comparisons would have found."""
    known = [size for size in reach if math.isfinite(size)]
    if not known:
        return UNKNOWN
    told = (f"to be found with 80% power a difference had to be {min(known):.3f} to "
            f"{max(known):.3f}, depending on the method")
    return told if len(known) == len(reach) else f"{told}; of some, none could be found"


def overtakings(found: LearningCurves) -> list[str]:
    """From which training size on one method beats others."""
    by: dict[tuple[str, int], list[str]] = {}
    for step in found.overtakings:
        by.setdefault((step.winner, step.train), []).append(step.loser)
    said = [f"From {train} training examples on, {winner} is significantly better than "
            f"{', '.join(losers)}." for (winner, train), losers in by.items()]
    return said or ["No method is significantly better than another from any size on."]


def test(summary: Summary) -> str:
    """The test by which methods are told apart."""
    return (f"Welch's test on a paired jackknife over {summary.groups} groups of items"
            f"{worth(summary)} and on the seeds, Holm's correction over all pairs, 5%"
            f"{_over_looks(summary)}")


def _over_looks(summary: Summary) -> str:
    if not summary.looks:
        return ""
    seen = "this look" if summary.looks == 1 else f"{summary.looks} looks"
    return f" over {seen} and all to come"


def worth(summary: Summary) -> str:
    """How many groups of equal weight they are worth, where that is fewer; empty in older files."""
    worth = summary.effective_groups
    return f", worth {worth:.3g} of equal weight," if worth and worth < summary.groups - 1 else ""


def _weighted(found: Weighted) -> str:
    """What the mean is over where items are weighted, and the price of it."""
    return (f"Every figure is a mean over all items of the test part alike: these have weights of "
            f"{found.least:.2g} to {found.most:.2g}, which leaves them worth {found.items:.0f} "
            f"items (design effect {found.design_effect:.2f}).")
