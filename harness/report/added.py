"""Whether the gains of tuning and of retrieval add up, in sentences."""

from __future__ import annotations

from harness.compare.gains import Gains, Together
from harness.compare.uncertainty import Figure
from harness.report import words
from harness.report.published import Published
from harness.targets.kinds import says

SAID: dict[Together, str] = {
    "less": "less than their sum: the gains overlap",
    "more": "more than their sum: each helps the other",
    "sum": "as much as their sum, within what matters: the gains add up",
    "unknown": "too small a study to tell whether that is their sum",
}


def lines(published: Published) -> list[str]:
    """A sentence for each tuned model that was asked with and without what a search finds."""
    return [_line(found, says(published.summary.metric)) for found in published.gains]


def _line(found: Gains, metric: str) -> str:
    return (f"Against {found.alone}, in {metric}: tuning ({found.tuned}) "
            f"{_by(found.by_tuning)}, retrieval ({found.looked_up}) {_by(found.by_retrieval)}, "
            f"both ({found.both}) {_by(found.by_both)}. Both less the sum of the two is "
            f"{_by(found.beyond)}: {SAID[found.together]}.")


def _by(figure: Figure) -> str:
    return words.interval(figure.mean, figure.low, figure.high)
