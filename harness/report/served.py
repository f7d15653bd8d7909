"""What must be said of methods that an endpoint answers."""

from __future__ import annotations

from collections.abc import Sequence

from harness.compare.summary import Summary
from harness.report import words
from harness.report.published import Published
from harness.targets.kinds import KINDS


def lines(published: Published) -> list[str]:
    """What of their figures is not like the others'; nothing where no endpoint answers."""
    names = _served(published.summary)
    if not names:
        return []
    kind = KINDS[published.study.kind]
    lacks = [metric.says for metric in kind.own if metric.graded]
    said = [f"An endpoint answers {words.listed(names)}: latency is what a client waits, over the "
            "network, and money is that of the tokens."]
    if lacks:
        said.append(f"Answers that only name classes have no {', '.join(lacks)}.")
    return said


def _served(summary: Summary) -> Sequence[str]:
    return [row.name for row in summary.rows if row.served]
