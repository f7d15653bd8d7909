"""A plan at the terminal: its runs and what they will cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.common.memory import available
from harness.compare.devices import Gpu, device_table, seconds_on
from harness.compare.economics import rate
from harness.report import words
from harness.study.estimate.costs import Estimate
from harness.study.plan import Plan, PlannedRun

BUSY = 0.25
"""Share of the processor in others' hands from which it is said."""


def print_plan(console: Console, plan: Plan, left: Sequence[PlannedRun], expected: Estimate | None
               ) -> None:
    """What will be done, before anything is; `expected` is None where nothing was measured."""
    suite = plan.loaded.suite
    title = f"{suite.name}, profile {plan.loaded.profile}: {len(plan.runs)} runs"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in ("backbone", "method"):
        table.add_column(column, no_wrap=True)
    for column in ("seeds", "train / val / test", "trials", "kept", "time", "memory", "FLOPs"):
        table.add_column(column, justify="right", no_wrap=True)
    groups: dict[tuple[str | None, str, int | tuple[str, ...]], list[PlannedRun]] = {}
    for run in plan.runs:
        key = (run.identity.backbone, run.identity.label, run.size or run.beside)
        groups.setdefault(key, []).append(run)
    missing = {run.run_id for run in left}
    for (backbone, label, _), runs in groups.items():
        budget, todo = runs[0].budget, [r for r in runs if r.run_id in missing]
        splits = plan.sample(budget)
        sizes = [len(splits.train), len(splits.validation), len(splits.test)]
        table.add_row(
            escape(backbone or words.ABSENT), escape(label), str(len(runs)),
            " / ".join(map(str, sizes)), str(budget.trials), str(len(runs) - len(todo)),
            *_cells(todo, expected))
    console.print(table)
    print_notes(console, plan)
    for line in _parts(plan):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    kept = len(plan.runs) - len(left)
    if not left:
        console.print(f"all {kept} runs are kept: nothing to compute", highlight=False)
        return
    if expected is None:
        console.print(f"{kept} kept, {len(left)} to do; `harness plan` measures this machine and "
                      "says how long", highlight=False)
        return
    for line in _lines(plan, len(left), kept, expected):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def print_notes(console: Console, plan: Plan) -> None:
    """What a reader of the backbones' numbers must know, and which methods are known to fail."""
    said = [f"{handle.name}: {note}" for handle in plan.backbones.values()
            for note in handle.notes]
    entries = {(run.entry.label, run.entry.backbone): run.entry for run in plan.runs}
    for (label, backbone), entry in entries.items():
        reason = entry.method.cannot(plan.backbones[backbone]) if backbone else None
        said += [f"{backbone}: {label} will fail: {reason}"] if reason else []
    for line in said:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _parts(plan: Plan) -> list[str]:
    """Which arms are not ranked with those of the suite's own budget."""
    found: dict[tuple[str, ...], dict[str, None]] = {}
    for run in plan.runs:
        if run.beside and run.size is None:
            found.setdefault(run.beside, {})[run.identity.name] = None
    return [f"ranked apart, {', '.join(beside)}: {', '.join(names)}" if len(names) > 1 else
            f"shown and not ranked, {', '.join(beside)}: {next(iter(names))}"
            for beside, names in found.items()]


def print_devices(console: Console, expected: Estimate, devices: Mapping[str, Gpu]) -> None:
    """The same study on GPUs, as an estimate."""
    table = Table(title="Elsewhere: an estimate, nothing of it measured", title_justify="left",
                  box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("device", no_wrap=True)
    for column in ("time", "device-hours", "money", "memory", "fits"):
        table.add_column(column, justify="right", no_wrap=True)
    assumed, currency = device_table().assumed, device_table().currency
    needs = max((cost.memory for cost in expected.runs.values()), default=0.0)
    for gpu in devices.values():
        seconds = seconds_on(gpu, expected.total)
        table.add_row(gpu.title, f"~ {words.seconds(seconds)}", f"~ {seconds / 3600:.2g}",
                      f"~ {words.money(seconds / 3600 * gpu.hour, currency)}",
                      f"{words.size(int(needs))} of {words.size(int(gpu.bytes))}",
                      "yes" if needs <= gpu.bytes else "no")
    console.print(table)
    console.print(
        f"Estimated from data sheets: {100 * assumed.utilisation:.0f}% of the peak in bf16 is "
        f"assumed, {1e6 * assumed.launch_seconds:.0f} microseconds a kernel, and a processor like "
        "this one. Sources: harness/compare/devices.yaml.", highlight=False, soft_wrap=True)


def _cells(todo: Sequence[PlannedRun], expected: Estimate | None) -> tuple[str, str, str]:
    """Time, memory and FLOPs of the runs of a row that are left."""
    if expected is None or not todo:
        return "", "", ""
    costs = [expected.runs[run.run_id] for run in todo if run.run_id in expected.runs]
    if len(costs) < len(todo):
        return "unknown", "unknown", "unknown"
    return (words.seconds(sum(cost.whole.seconds for cost in costs)),
            words.size(int(max(map(expected.memory_of, costs)))),
            words.count(sum(cost.whole.flops for cost in costs)))


def _lines(plan: Plan, left: int, kept: int, expected: Estimate) -> list[str]:
    total, price = expected.total, rate(plan.loaded.suite.decide.prices, plan.device.type)
    hours = total.seconds / 3600
    forgetting = sum(cost.forgetting.seconds for cost in expected.runs.values())
    latency = sum(cost.latency.seconds for cost in expected.runs.values())
    found = expected.calibration
    lines = [
        f"{kept} kept, {left} to do: about {words.seconds(total.seconds)} on this machine "
        f"({words.seconds(forgetting + expected.shared.seconds)} of it for forgetting, "
        f"{words.seconds(latency)} for latency)",
        f"{hours:.2g} device-hours, {words.money(hours * price.hour, price.currency)}, "
        f"{words.count(total.flops)} FLOPs; peak memory {words.size(int(expected.memory))} of "
        f"{words.size(int(available(plan.device)))} available",
        f"measured on {plan.device.name} ({found.seconds:.0f} s now, kept for the next plan)"
        if found.seconds >= 1 else f"by the kept measurements of {plan.device.name}"]
    if found.others > BUSY:
        lines.append(f"Other programs used {100 * found.others:.0f}% of the processor at times "
                     "while this machine was measured. The times are for a machine that does "
                     "nothing else.")
    if unknown := left - len(expected.runs):
        lines.append(f"{unknown} of the {left} runs could not be estimated and are in no total")
    return lines + [f"not estimated: {reason}" for reason in found.reasons]
