"""The outline of a plan."""

from __future__ import annotations

from collections.abc import Sequence

from harness.check.finding import Finding
from harness.study.estimate.estimate import Estimate
from harness.study.planning.outgoing import outgoing
from harness.study.planning.outline import Outline, Row, RowCosts, Totals
from harness.study.planning.plan import Plan, PlannedRun


def outline_of(plan: Plan, left: Sequence[PlannedRun], expected: Estimate | None,
               findings: Sequence[Finding] = ()) -> Outline:
    """What is said of a plan; `expected` is None where nothing was measured."""
    suite = plan.loaded.suite
    return Outline(
        name=suite.name, profile=plan.loaded.profile, device=plan.device,
        prices=suite.decide.prices, rows=_rows(plan, left, expected), notes=notes_of(plan),
        apart=(*_apart(plan), *_found_by(plan)), outgoing=outgoing(plan, left),
        totals=expected and _totals(expected), findings=tuple(findings))


def notes_of(plan: Plan) -> tuple[str, ...]:
    """What a reader of the backbones' numbers must know, and which methods are known to fail."""
    said = [f"{one.name}: {note}" for one in plan.answering for note in one.notes]
    entries = {(run.entry.label, run.entry.backbone): run.entry for run in plan.runs}
    for (label, backbone), entry in entries.items():
        handle = plan.backbones.get(backbone or "")
        reason = entry.method.cannot(handle) if handle else None
        said += [f"{backbone}: {label} will fail: {reason}"] if reason else []
    return tuple(said)


def _found_by(plan: Plan) -> tuple[str, ...]:
    """Which methods find by an embedder that another run tunes."""
    found: dict[str, dict[str, None]] = {}
    for run in plan.runs:
        if run.entry.method.retriever is not None:
            found.setdefault(run.entry.method.retriever, {})[run.identity.name] = None
    return tuple(f"{name} tunes, once a seed, the embedder of {', '.join(names)}: its cost is in "
                 "that of each" for name, names in found.items())


def _rows(plan: Plan, left: Sequence[PlannedRun], expected: Estimate | None) -> tuple[Row, ...]:
    groups: dict[tuple[str | None, str, int | tuple[str, ...]], list[PlannedRun]] = {}
    for run in plan.runs:
        key = (run.identity.backbone, run.identity.label, run.size or run.beside)
        groups.setdefault(key, []).append(run)
    missing, rows = {run.run_id for run in left}, []
    for (backbone, label, _), runs in groups.items():
        budget, todo = runs[0].budget, [run for run in runs if run.run_id in missing]
        splits = plan.sample(budget)
        rows.append(Row(
            backbone=backbone, label=label, runs=len(runs), left=len(todo),
            train=len(splits.train), validation=len(splits.validation), test=len(splits.test),
            trials=budget.trials, costs=_costs(todo, expected)))
    return tuple(rows)


def _costs(todo: Sequence[PlannedRun], expected: Estimate | None) -> RowCosts | None:
    if expected is None or not todo or any(run.run_id not in expected.runs for run in todo):
        return None
    costs = [expected.runs[run.run_id] for run in todo]
    return RowCosts(seconds=sum(cost.whole.seconds for cost in costs),
                    memory=max(map(expected.memory_of, costs)),
                    flops=sum(cost.whole.flops for cost in costs))


def _totals(expected: Estimate) -> Totals:
    costs, found = expected.runs.values(), expected.units
    return Totals(
        measured=len(costs), seconds=expected.total.seconds, flops=expected.total.flops,
        forgetting=sum(cost.forgetting.seconds for cost in costs),
        latency=sum(cost.latency.seconds for cost in costs), memory=expected.memory,
        took=found.seconds, others=found.others, reasons=expected.reasons)


def _apart(plan: Plan) -> tuple[str, ...]:
    found: dict[tuple[str, ...], dict[str, None]] = {}
    for run in plan.runs:
        if run.beside and run.size is None:
            found.setdefault(run.beside, {})[run.identity.name] = None
    return tuple(f"ranked apart, {', '.join(beside)}: {', '.join(names)}" if len(names) > 1 else
                 f"shown and not ranked, {', '.join(beside)}: {next(iter(names))}"
                 for beside, names in found.items())
