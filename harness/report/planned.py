"""A plan at the terminal: its runs and what they will cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.common.errors import HarnessError
from harness.common.memory import available
from harness.compare.devices import Gpu, device_table, seconds_on
from harness.compare.economics import rate
from harness.report import words
from harness.report.bargain import print_bought
from harness.report.checked import print_findings
from harness.report.lines import print_lines
from harness.report.shown import Shown
from harness.study.estimate.cost import Cost
from harness.study.planning.outline import Outline, Row, Totals

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

BUSY = 0.25
"""Share of the processor in others' hands from which it is said."""


@dataclass(frozen=True)
class Elsewhere:
    """The same runs on GPUs, by their data sheets."""

    total: Cost
    tensors: float
    """Bytes of the run that takes most."""
    devices: Mapping[str, Gpu]
    misfit: HarnessError | None = None
    """Of a run that fits none of them."""


@dataclass(frozen=True, repr=False)
class Planned(Shown):
    """What `plan` found.

    As a frame a row a method at one budget: `backbone`, `method`, `runs`, `left` (runs without a
    kept result), `train`, `validation` and `test` (items), `trials`, and of the runs that are left
    `seconds`, `memory_bytes` (peak) and `flops`; NaN where nothing is left or it is not known.
    """

    outline: Outline
    elsewhere: Elsewhere | None = None

    @property
    def verdict(self) -> str:
        """What is left to do, and whether it fits."""
        misfit = self.elsewhere.misfit if self.elsewhere else None
        return misfit.found if misfit else _left(self.outline)

    def print_on(self, console: Console) -> None:
        """The runs, what they cost here, and on the GPUs that were named."""
        print_outline(console, self.outline)
        if self.elsewhere is not None:
            print_devices(console, self.elsewhere)

    def to_pandas(self) -> pd.DataFrame:
        """A row a method at one budget."""
        import pandas as pd

        return pd.DataFrame([{
            "backbone": row.backbone, "method": row.label, "runs": row.runs, "left": row.left,
            "train": row.train, "validation": row.validation, "test": row.test,
            "trials": row.trials,
            "seconds": row.costs.seconds if row.costs else float("nan"),
            "memory_bytes": row.costs.memory if row.costs else float("nan"),
            "flops": row.costs.flops if row.costs else float("nan")} for row in self.outline.rows])

    def plot(self) -> go.Figure:
        """Seconds that are left, a bar a method and a colour a backbone."""
        from harness.report.plotted import bars

        seconds: dict[str, dict[str, float]] = {}
        for row in self.outline.rows:
            of = seconds.setdefault(row.backbone or "no backbone", {})
            of[row.label] = of.get(row.label, 0.0) + (row.costs.seconds if row.costs else 0.0)
        return bars(seconds, "seconds on this machine")


def print_outline(console: Console, plan: Outline) -> None:
    """What will be done, before anything is, and what is wrong with it."""
    title = f"{plan.name}, profile {plan.profile}: {plan.runs} runs"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in ("backbone", "method"):
        table.add_column(column, no_wrap=True)
    for column in ("seeds", "train / val / test", "trials", "kept", "time", "memory ≥", "FLOPs"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in plan.rows:
        table.add_row(
            escape(row.backbone or words.ABSENT), escape(row.label), str(row.runs),
            f"{row.train} / {row.validation} / {row.test}", str(row.trials),
            str(row.runs - row.left), *_cells(row, plan.totals))
    console.print(table)
    print_lines(console, (*plan.notes, *plan.apart, *_sent(plan), *_lines(plan)))
    if plan.bought is not None:
        print_bought(console, plan.bought)
    print_findings(console, plan.findings)


def print_devices(console: Console, found: Elsewhere) -> None:
    """The same study on GPUs, as an estimate."""
    table = Table(title="Elsewhere: an estimate, nothing of it measured", title_justify="left",
                  box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("device", no_wrap=True)
    for column in ("time", "device-hours", "money", "memory", "fits"):
        table.add_column(column, justify="right", no_wrap=True)
    assumed, currency = device_table().assumed, device_table().currency
    for gpu in found.devices.values():
        seconds = seconds_on(gpu, found.total)
        table.add_row(gpu.title, f"~ {words.seconds(seconds)}", f"~ {seconds / 3600:.2g}",
                      f"~ {words.money(seconds / 3600 * gpu.hour, currency)}",
                      f"{words.size(int(found.tensors))} of {words.size(int(gpu.bytes))}",
                      "yes" if found.tensors <= gpu.bytes else "no")
    console.print(table)
    console.print(
        f"Estimated from data sheets: {100 * assumed.utilisation:.0f}% of the peak in bf16 is "
        f"assumed, {1e6 * assumed.launch_seconds:.0f} microseconds a kernel, and a processor like "
        "this one. Sources: harness/compare/devices.yaml.", highlight=False, soft_wrap=True)


def _cells(row: Row, totals: Totals | None) -> tuple[str, str, str]:
    """Time, memory and FLOPs of the runs of a row that are left."""
    if totals is None or not row.left:
        return "", "", ""
    if row.costs is None:
        return "unknown", "unknown", "unknown"
    return (words.seconds(row.costs.seconds), words.size(int(row.costs.memory)),
            words.count(row.costs.flops))


def _left(plan: Outline) -> str:
    kept, found = plan.runs - plan.left, plan.totals
    if not plan.left:
        return f"all {kept} runs are kept: nothing to compute"
    if found is None:
        return (f"{kept} kept, {plan.left} to do; `harness plan` measures this machine and says "
                "how long")
    return (f"{kept} kept, {plan.left} to do: about {words.seconds(found.seconds)} on this machine "
            f"({words.seconds(found.forgetting)} of it for forgetting, "
            f"{words.seconds(found.latency)} for latency)")


def _sent(plan: Outline) -> list[str]:
    """What would leave this machine."""
    return [f"{out.backbone}: {out.texts:,} texts would be sent to {out.host}, in at most "
            f"{out.requests:,} requests of about {out.tokens:,} tokens, "
            + ("for a price that is not known (`prices`)" if out.money is None else
               f"for about {words.money(out.money, rate(plan.prices, plan.device.type).currency)}")
            for out in plan.outgoing]


def _lines(plan: Outline) -> list[str]:
    """Below the table: what all of it takes."""
    found = plan.totals
    if not plan.left or found is None:
        return [_left(plan)]
    price, hours = rate(plan.prices, plan.device.type), found.seconds / 3600
    # A process that learns for long keeps more of what it freed than the few steps that were timed.
    lines = [
        _left(plan),
        f"{hours:.2g} device-hours, {words.money(hours * price.hour, price.currency)}, "
        f"{words.count(found.flops)} FLOPs; peak memory at least {words.size(int(found.memory))} "
        f"of {words.size(int(available(plan.device)))} available",
        f"measured on {plan.device.name} ({found.took:.0f} s now, kept for the next plan)"
        if found.took >= 1 else f"by the kept measurements of {plan.device.name}"]
    if found.others > BUSY:
        lines.append(f"Other programs used {100 * found.others:.0f}% of the processor at times "
                     "while this machine was measured. The times are for a machine that does "
                     "nothing else.")
    if unknown := plan.left - found.measured - sum(out.runs for out in plan.outgoing):
        lines.append(f"{unknown} of the {plan.left} runs could not be estimated and are in no "
                     "total")
    return lines + [f"not estimated: {reason}" for reason in found.reasons]
