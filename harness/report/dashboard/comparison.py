"""A study as a W&B run: its verdict as it stands, the tables it comes from, and the figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from harness.common.now import now
from harness.report import alike, beside, ranking, sentences
from harness.report.dashboard.ledger import Told
from harness.report.dashboard.runs import heading_in
from harness.report.figures import figures
from harness.report.published import Published

METHODS = ("part", "method", "backbone", "figure", "low", "high", "standing", "forgetting",
           "device_hours", "p50_ms", "artifact_bytes")
PAIRS = ("part", "first", "second", "difference", "low", "high", "p_corrected")
VERDICTS = ("at", "runs", "kind", "verdict")


def told_of(published: Published) -> Told:
    """The verdict of a study, to be kept."""
    study = published.study
    done = len(study.records)
    return Told(study=heading_in(published).group, done=done,
                planned=done + len(study.unfinished),
                at=now(),
                kind=published.verdict.answer or "none", sentence=sentences.headline(published))


def log_study(run: Any, published: Published, verdicts: Sequence[Told], whole: bool) -> None:
    """Log what a study says by now and what it said before; its tables and figures where it is
    the `whole` of it."""
    now = told_of(published)
    run.summary["verdict"] = now.sentence
    run.summary["verdict/kind"] = now.kind
    run.summary["verdict/runs"] = f"{now.done} of {now.planned}"
    run.summary["why"] = " ".join(sentences.why(published))
    run.summary["doubts"] = " ".join(alike.doubts(published))
    run.summary["standing"] = ranking.standing(published.summary)
    for part, view in beside.ranked(published):
        run.summary[f"verdict/{part.title}"] = sentences.headline(view)
    own = [told for told in verdicts if told.study == now.study]
    run.log({"runs_done": now.done} | _verdict_tables(published, own)
            | (_tables(published) if whole else {}))


def _verdict_tables(published: Published, verdicts: Sequence[Told]) -> dict[str, Any]:
    import wandb

    said = [[told.at, f"{told.done} of {told.planned}", told.kind, told.sentence]
            for told in verdicts]
    columns = [published.summary.metric if name == "figure" else name for name in METHODS]
    return {"verdicts": wandb.Table(columns=list(VERDICTS), data=said),
            "methods": wandb.Table(columns=columns, data=_methods(published))}


def _tables(published: Published) -> dict[str, Any]:
    """How arms were matched, their pairs, and the page's figures."""
    import wandb

    given = [[title, row.name, *(f"{text} (unlike)" if unlike else text
                                 for text, unlike in alike.cells(row))]
             for title, rows in alike.tables(published) for row in rows]
    found = {"matching": (("part", "method", *alike.HEADINGS), given),
             "pairs": (PAIRS, _pairs(published))}
    return {name: wandb.Table(columns=list(columns), data=rows)
            for name, (columns, rows) in found.items() if rows} | {
        f"figures/{name}": wandb.Plotly(go.Figure(drawn))
        for name, drawn in figures(published).items()}


def _views(published: Published) -> dict[str, Published]:
    """The study by its matched budgets, the suite's own without a title."""
    return {"": published} | {part.title: published.of(part) for part in published.beside}


def _methods(published: Published) -> list[list[Any]]:
    metric = published.summary.metric
    return [[part, row.label, row.backbone, figure.mean, figure.low, figure.high, row.standing,
             row.forgot.difference.mean if row.forgot and row.forgot.difference else None,
             row.device_hours, row.p50_ms, row.artifact_bytes]
            for part, view in _views(published).items()
            for row in view.summary.rows if (figure := row.common.get(metric))]


def _pairs(published: Published) -> list[list[Any]]:
    metric = published.summary.metric
    return [[part, pair.first, pair.second, d.difference, d.low, d.high, d.adjusted]
            for part, view in _views(published).items()
            for pair in view.summary.pairs if (d := pair.differences.get(metric))]
