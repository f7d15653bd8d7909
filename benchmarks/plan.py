"""What `harness plan` says against what then happens, by method.

Plans a profile, runs it into a scratch folder, and writes `benchmarks/results/plan.md` and
`plan.json`. `python -m benchmarks.plan --suite legal --profile smoke`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from rich.console import Console

from benchmarks.kept import keep
from harness.commands.plan import prepare
from harness.processes.server import start_server
from harness.report.terminal import ProgressWatcher
from harness.study.estimate.estimate import Estimate, estimate
from harness.study.planning.plan import Plan
from harness.study.record import Record
from harness.study.run import run_study
from harness.study.store import Store

SUITES = Path(__file__).parents[1] / "suites"


def rows(plan: Plan, expected: Estimate, records: dict[str, Record]) -> list[dict]:
    """Estimated and measured, summed over a method's runs; memory is the largest.

    Seconds are those that a record holds: of tuning and fitting, and of forgetting. Its memory is
    the peak up to there.
    """
    found: dict[tuple[str, str], dict] = {}
    for run in plan.runs:
        record, cost = records[run.run_id], expected.runs.get(run.run_id)
        if record.cost is None or cost is None:
            continue
        row = found.setdefault((run.identity.label, run.identity.backbone or "-"), {
            "method": run.identity.label, "backbone": run.identity.backbone or "-",
            "whole_seconds": 0.0, "estimated_seconds": 0.0, "measured_seconds": 0.0,
            "estimated_flops": 0.0, "measured_flops": 0.0, "estimated_bytes": 0.0,
            "measured_bytes": 0.0})
        own = run.identity.inner is None and record.forgetting is not None
        row["estimated_seconds"] += cost.adapt.seconds + cost.forgetting.seconds
        row["whole_seconds"] += cost.whole.seconds
        row["measured_seconds"] += (record.cost.shared_seconds
                                    + (record.forgetting.seconds if own else 0.0))
        if own:
            row["estimated_flops"] += cost.training_flops
            row["measured_flops"] += record.cost.training_flops
        row["estimated_bytes"] = max(row["estimated_bytes"], expected.memory_of(cost))
        row["measured_bytes"] = max(row["measured_bytes"], record.cost.peak_memory_bytes)
    return list(found.values())


def text(title: str, table: list[dict], estimated: float, measured: float, others: float) -> str:
    """The table as Markdown."""
    lines = [f"# {title}", "",
             f"In all {estimated / 60:.1f} minutes estimated, {measured / 60:.1f} measured: "
             f"{estimated / measured:.2f} times. Of what records hold, "
             f"{_sum(table, 'estimated_seconds') / 60:.1f} estimated, "
             f"{_sum(table, 'measured_seconds') / 60:.1f} measured. Other programs used up to "
             f"{100 * others:.0f}% of the processor while the machine was measured.", "",
             "| method | backbone | row s | of it in records: estimated s | measured s | ratio | "
             "estimated GB | measured |",
             "|---|---|---|---|---|---|---|---|"]
    lines += [f"| {r['method']} | {r['backbone']} | {r['whole_seconds']:.1f} | "
              f"{r['estimated_seconds']:.1f} | {r['measured_seconds']:.1f} | "
              f"{r['estimated_seconds'] / max(r['measured_seconds'], 1e-9):.2f} | "
              f"{r['estimated_bytes'] / 1e9:.2f} | {r['measured_bytes'] / 1e9:.2f} |"
              for r in table]
    return "\n".join([*lines, "", "Rows add up to the whole. Records hold the seconds of tuning, "
                      "fitting and forgetting, not those of answers, processes and latency.", ""])


def _sum(table: list[dict], name: str) -> float:
    return sum(row[name] for row in table)


def main() -> None:
    """Plan, run, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", default="legal")
    parser.add_argument("--profile", default="smoke")
    options = parser.parse_args()
    start_server()
    plan, console = prepare(options.suite, options.profile, SUITES), Console()
    expected = estimate(plan, plan.runs, lambda said: None)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        with ProgressWatcher(console, len(plan.runs)) as watcher:
            records = run_study(plan, Store(Path(folder) / "runs"), watcher)
        measured = time.perf_counter() - start
    table, total = rows(plan, expected, records), expected.total.seconds
    title = f"`harness plan {options.suite} --profile {options.profile}`, {plan.device.name}"
    content = {"title": title, "estimated_seconds": total, "measured_seconds": measured,
               "ratio": total / measured, "others_calibrating": expected.units.others,
               "methods": table}
    written = text(title, table, total, measured, expected.units.others)
    keep("plan", plan.device, content, written)


if __name__ == "__main__":
    main()
