"""The suite's report in W&B: one, written anew as studies go on, where wandb-workspaces is
installed and the service is reached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.compare.row import Row
from harness.report import alike, sentences, words
from harness.report.dashboard.comparison import told_of
from harness.report.dashboard.ledger import Told
from harness.report.dashboard.runs import QUALITY, heading_in
from harness.report.published import Published
from harness.targets.kinds import says

LONGEST = 128
"""Characters of a report's title."""


def save_report(published: Published, verdicts: Sequence[Told], known: str | None) -> str | None:
    """Write the suite's report, the one of the id that is known where it is there. Returns its id;
    None without wandb-workspaces. Raises what W&B raises."""
    import wandb

    try:
        import wandb_workspaces.reports.v2 as reports
    except ImportError:
        return known
    entity, project = str(wandb.Api().default_entity), published.study.suite
    made = reports.Report(entity=entity, project=project,
                          title=published.study.title[:LONGEST],
                          description=sentences.headline(published),
                          blocks=_blocks(published, verdicts, entity, project))
    made.id = known or ""
    try:
        made.save()
    except Exception:
        if not known:
            raise
        made.id = ""  # somebody deleted it
        made.save()
    return str(made.id)


def _blocks(published: Published, verdicts: Sequence[Told], entity: str, project: str
            ) -> list[Any]:
    import wandb_workspaces.reports.v2 as reports

    now = told_of(published)
    said = [*sentences.why(published), *alike.doubts(published)]
    parts = {"Methods that none is better than in everything": front(published),
             "Forgetting": forgetting(published), "Money": money(published),
             "Verdicts so far": history(verdicts)}
    blocks: list[Any] = [
        reports.CalloutBlock(text=f"Verdict, {now.kind}: {now.sentence}"),
        reports.P(" ".join(said)), _panels(published, entity, project)]
    for title, text in parts.items():
        blocks += [reports.H2(title), reports.MarkdownBlock(text)]
    return blocks


def _panels(published: Published, entity: str, project: str) -> Any:
    import wandb_workspaces.expr as expr
    import wandb_workspaces.reports.v2 as reports

    metric = published.summary.metric
    group = heading_in(published).group
    shown = [reports.BarPlot(title=title, metrics=[name], groupby="method") for title, name in (
        (says(metric), f"{QUALITY}/{metric}"), ("Forgetting", "forgetting/difference"),
        ("Device-hours", "cost/device_hours"), ("Median latency, ms", "latency/p50_ms"))]
    return reports.PanelGrid(
        runsets=[reports.Runset(entity=entity, project=project, name=group,
                                filters=[expr.Metric("Group") == group])], panels=shown)


def front(published: Published) -> str:
    """The methods that no other is at least as good as in all that is weighed, as Markdown."""
    metric = published.summary.metric
    rows = [(row.name, f"{words.spread(figure)} [{words.within(figure)}]", words.standing(row),
             words.seconds(row.adapt_seconds), words.milliseconds(row.p50_ms),
             words.size(row.artifact_bytes))
            for row in published.summary.rows
            if row.pareto and (figure := row.common.get(metric))]
    return _table(("method", says(metric), "beside the best", "to adapt", "median latency",
                   "saved"), rows)


def forgetting(published: Published) -> str:
    """What methods forgot, in points on general benchmarks, as Markdown."""
    return _table(("method", "points on general benchmarks"),
                  [(row.name, words.forgot(row.forgot)) for row in _done(published)])


def money(published: Published) -> str:
    """What methods cost, as Markdown."""
    currency = published.summary.rate.currency
    priced = [(row.name, words.money(row.bill.adaptation, currency),
               words.money(row.bill.million_requests, currency),
               words.money(row.bill.total(published.verdict.requests), currency))
              for row in _done(published) if row.bill]
    return _table(("method", "to adapt", "a million answers",
                   f"with {words.count(published.verdict.requests)} answers"), priced)


def history(verdicts: Sequence[Told]) -> str:
    """The verdicts as they changed, the last first, as Markdown."""
    return _table(("when", "study", "runs", "kind", "verdict"),
                  [(told.at, told.study, f"{told.done} of {told.planned}", told.kind,
                    told.sentence) for told in reversed(verdicts)])


def _done(published: Published) -> list[Row]:
    return [row for row in published.summary.rows if row.common]


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "Not measured."
    lines = [columns, ["---"] * len(columns), *([words.cell(text) for text in row]
                                                for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
