"""Arms of other budgets than the suite's own: ranked with each other, or shown where one is alone.
"""

from __future__ import annotations

from harness.report import words
from harness.report.published import Beside, Published
from harness.targets.kinds import says


def ranked(published: Published) -> list[tuple[Beside, Published]]:
    """Budgets of several arms, each with the study as its verdict is there."""
    return [(beside, published.of(beside)) for beside in published.beside if not beside.alone]


def shown(published: Published) -> list[str]:
    """A sentence for every arm that is alone with its budget."""
    return [_shown(beside, published.summary.metric) for beside in published.beside if beside.alone]


def _shown(beside: Beside, metric: str) -> str:
    row, phrase = beside.summary.rows[0], beside.title[0].lower() + beside.title[1:]
    common = row.common.get(metric)
    if common is None:
        return f"{row.name}, {phrase}: no result."
    return (f"{row.name}, {phrase}: {says(metric)} {words.spread(common)} "
            f"[{words.within(common)}] on {beside.summary.common_items} test items. It is shown "
            "and not ranked: the others did not have the same.")
