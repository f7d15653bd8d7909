"""What a tuned model gained on the task beside what it forgot, against one that was not tuned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.compare.pairs import Difference, of_better
from harness.compare.row import Forgot, Row
from harness.compare.summary import Summary
from harness.report import words
from harness.report.beside import ranked
from harness.report.published import Published
from harness.targets.kinds import says

FIRST = "zero-shot"


@dataclass(frozen=True)
class Trade:
    """A method whose weights changed, and the one on its backbone that it is held against."""

    row: Row
    against: Row
    gain: Difference
    """By how much its deciding metric is better, paired by item."""
    forgot: Forgot

    @property
    def cells(self) -> tuple[str, ...]:
        """Method, backbone, the other one, gain, change in points, drift."""
        gain = words.interval(self.gain.difference, self.gain.low, self.gain.high)
        return (self.row.label, self.row.backbone or "", self.against.label, gain,
                words.forgot(self.forgot), words.spread(self.forgot.drift))


def trades(published: Published) -> list[Trade]:
    """One for each method that was asked general items, of every budget."""
    parts = [published, *(part for _, part in ranked(published))]
    return [found for part in parts for found in _of(part.summary)]


def headings(published: Published) -> tuple[str, ...]:
    """Of the cells."""
    return ("method", "backbone", "against", f"gain in {says(published.summary.metric)}",
            "general benchmarks, points", "drift, nats a token")


def _of(summary: Summary) -> Iterator[Trade]:
    pairs = {(pair.first, pair.second): pair.differences[summary.metric]
             for pair in summary.pairs if summary.metric in pair.differences}
    for row in summary.rows:
        against = _against(row, summary.rows)
        if against is None or row.forgot is None or not row.forgot.changed:
            continue
        found = pairs.get((row.name, against.name))
        turned = pairs.get((against.name, row.name))
        found = found or (turned.turned() if turned else None)
        if found is not None:
            yield Trade(row, against, of_better(summary.metric, found), row.forgot)


def _against(row: Row, rows: Sequence[Row]) -> Row | None:
    """The untouched backbone asked as it is, or else the best method that leaves its weights."""
    untuned = [other for other in rows if other.backbone == row.backbone and other.common
               and other.standing != "ceiling" and other.forgot and not other.forgot.changed]
    asked = [other for other in untuned if other.method == FIRST]
    return next(iter(asked or untuned), None)
