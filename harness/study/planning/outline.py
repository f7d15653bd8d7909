"""What a plan says to people: a value that is printed, and kept."""

from __future__ import annotations

from harness.check.finding import Finding
from harness.common.device import Device
from harness.measure.part import RecordPart
from harness.study.minutes.bought import Bought
from harness.study.planning.outgoing import Outgoing
from harness.suite import Prices


class RowCosts(RecordPart):
    """What the runs of a row that are left cost."""

    seconds: float
    memory: float
    """Peak bytes of the run that takes most."""
    flops: float


class Row(RecordPart):
    """A method at one budget: its runs are its seeds."""

    backbone: str | None
    label: str
    runs: int
    left: int
    train: int
    validation: int
    test: int
    trials: int
    costs: RowCosts | None = None
    """None where nothing is left, or one of the runs could not be measured."""


class Totals(RecordPart):
    """What all runs that are left cost, as far as they could be measured."""

    measured: int
    """Runs that the totals are of."""
    seconds: float
    forgetting: float
    """Of the seconds, those for general benchmarks."""
    latency: float
    flops: float
    memory: float
    """Peak bytes of the run that takes most."""
    took: float
    """Seconds that measuring the machine took now; little where all was kept."""
    others: float
    """The most that other programs used of the processor meanwhile, 0 to 1."""
    reasons: tuple[str, ...] = ()
    """Why something is in no total."""


class Outline(RecordPart):
    """A plan as it is printed. `totals` is None where nothing was measured, or nothing is left."""

    name: str
    profile: str
    device: Device
    prices: Prices
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    """What a reader of the backbones' numbers must know, and which methods are known to fail."""
    apart: tuple[str, ...]
    """Which arms are not ranked with those of the suite's own budget."""
    totals: Totals | None = None
    outgoing: tuple[Outgoing, ...] = ()
    """What the runs that are left would send to endpoints."""
    bought: Bought | None = None
    """What minutes bought, where they were given."""
    findings: tuple[Finding, ...] = ()

    @property
    def runs(self) -> int:
        """All of the plan's runs."""
        return sum(row.runs for row in self.rows)

    @property
    def left(self) -> int:
        """Those without a record that stands."""
        return sum(row.left for row in self.rows)
