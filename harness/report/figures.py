"""Figures of a report, as plotly JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from harness.compare.calibration import Reliability
from harness.compare.curves import LearningCurves
from harness.compare.pareto import front
from harness.compare.row import Forgot, Row
from harness.compare.summary import Summary
from harness.compare.uncertainty import Figure
from harness.report.published import Published
from harness.report.traded import Trade, trades
from harness.study.record import Record
from harness.targets.kinds import KINDS, gain, says

HEIGHT = 440
LONGEST = 28
"""Characters of a name in a figure."""
SHOWN = 5
"""Traces that are drawn at first where all of them would hide each other."""
REQUESTS = np.logspace(2, 9, 57)
COLOURS = ("#0b6bcb", "#d1561c", "#1a7f37", "#8250df", "#b42318", "#0e8a8a", "#9a6700", "#bf3989",
           "#57606a", "#2f81f7")


def figures(published: Published) -> dict[str, dict[str, Any]]:
    """Each figure's data and layout, by the id of its place in the page; none without a point."""
    summary = published.summary
    rows = [row for row in summary.rows if summary.metric in row.common]
    metric = says(summary.metric)
    made = {
        "quality-cost": _scatter(rows, "adapt_seconds", summary.metric,
                                 "seconds to adapt (log scale)"),
        "quality-latency": _with_exports(_scatter(rows, "p50_ms", summary.metric,
                                                  "median latency, ms (log scale)"), published),
        "break-even-figure": _break_even(rows, summary),
        "quality-forgetting": _forgetting(rows, summary.metric),
        "gain-forgetting": _trades(trades(published), metric),
        "loss": _loss(published.study.whole(), KINDS[published.study.kind].loss),
    }
    if published.calibration:
        made["calibration-figure"] = _calibration(published.calibration,
                                                  KINDS[published.study.kind].sure or ("", ""))
    if summary.pairs:
        made["pairs-figure"] = _pairs(rows, summary)
    if published.curves:
        made["learning-curves"] = _curves(published.curves, metric)
    drawn = {name: json.loads(figure.to_json()) for name, figure in made.items()}
    return {name: figure for name, figure in drawn.items()
            if any(trace.get("x") for trace in figure["data"])}


def _scatter(rows: list[Row], cost: str, metric: str, cost_title: str) -> go.Figure:
    figure = go.Figure()
    known = [row for row in rows if getattr(row, cost) is not None]
    places = {row.name: (max(getattr(row, cost), 1e-3), row.common[metric]) for row in known}
    best = front([(gain(metric, places[row.name][1].mean), -places[row.name][0])
                  for row in known])
    edge = sorted(places[row.name][0] for row, on in zip(known, best, strict=True) if on)
    by_cost = {x: max((f.mean for at, f in places.values() if at == x),
                      key=lambda mean: gain(metric, mean)) for x in edge}
    figure.add_trace(go.Scatter(x=list(by_cost), y=list(by_cost.values()), mode="lines",
                                line={"dash": "dot", "width": 1, "color": COLOURS[8]},
                                name="nothing better on both", hoverinfo="skip"))
    for backbone, colour in zip(_backbones(known), COLOURS, strict=False):
        chosen = [row for row in known if (row.backbone or "no backbone") == backbone]
        found = [places[row.name] for row in chosen]
        figure.add_trace(go.Scatter(
            x=[x for x, _ in found], y=[f.mean for _, f in found],
            error_y=_whiskers([_around(f) for _, f in found]),
            text=[short(row.label) for row in chosen], mode="markers+text",
            textposition="middle right", cliponaxis=False, name=backbone,
            marker={"size": 11, "color": colour},
            hovertemplate="%{text}<br>" + says(metric)
                          + " %{y:.3f}<br>%{x:.3g}<extra></extra>",
        ))
    figure.update_xaxes(type="log", dtick=1, title=cost_title)
    figure.update_yaxes(title=says(metric))
    return plain_figure(figure)


def _with_exports(figure: go.Figure, published: Published) -> go.Figure:
    """What arms ship as beside them; the line stays that of the arms."""
    found, metric = published.shipping, published.summary.metric
    known = [one for one in found.exports if one.p50_ms is not None and metric in one.common
             ] if found else []
    if known:
        figures = [one.common[metric] for one in known]
        figure.add_trace(go.Scatter(
            x=[max(one.p50_ms or 0.0, 1e-3) for one in known], y=[f.mean for f in figures],
            error_y=_whiskers([_around(f) for f in figures]), mode="markers", name="exports",
            text=[short(one.name) for one in known],
            marker={"size": 9, "symbol": "diamond-open", "color": COLOURS[8]},
            hovertemplate="%{text}<br>" + says(metric) + " %{y:.3f}<br>%{x:.3g}<extra></extra>"))
    return figure


def _backbones(rows: Sequence[Row]) -> list[str]:
    return sorted({row.backbone or "no backbone" for row in rows})


def _break_even(rows: list[Row], summary: Summary) -> go.Figure:
    figure = go.Figure()
    for place, row in enumerate(rows):
        if row.bill is None:
            continue
        figure.add_trace(go.Scatter(
            x=REQUESTS.tolist(), y=[row.bill.total(n) for n in REQUESTS], mode="lines",
            name=short(row.name), line={"color": COLOURS[place % len(COLOURS)]},
            visible=True if row.standing != "lower" else "legendonly",
            hovertemplate=short(row.label) + "<br>%{x:.3s} answers: %{y:.3g} "
                          + summary.rate.currency + "<extra></extra>"))
    figure.update_xaxes(type="log", dtick=1, title="answers (log scale)")
    figure.update_yaxes(type="log", exponentformat="power",
                        title=f"{summary.rate.currency} (log scale)")
    return plain_figure(figure)


def _pairs(rows: list[Row], summary: Summary) -> go.Figure:
    place = {row.name: i for i, row in enumerate(rows)}
    gaps = np.full((len(rows), len(rows)), np.nan)
    marks = np.full(gaps.shape, "", dtype=object)
    for pair in summary.pairs:
        found = pair.differences.get(summary.metric)
        if found is None:
            continue
        i, j = place[pair.first], place[pair.second]
        gaps[i, j], gaps[j, i] = found.difference, -found.difference
        marks[i, j] = marks[j, i] = "•" if found.significant else ""
    reach = float(np.nanmax(np.abs(gaps))) if np.isfinite(gaps).any() else 1.0
    names, places = [short(row.name) for row in rows], list(range(len(rows)))
    figure = go.Figure(go.Heatmap(
        z=[[None if np.isnan(v) else float(v) for v in line] for line in gaps], x=places, y=places,
        text=marks.tolist(), texttemplate="%{text}", customdata=[
            [f"{one} minus {other}" for other in names] for one in names], zmin=-reach, zmax=reach,
        colorscale=[[0, "#d1561c"], [0.5, "#f6f8fa"], [1, "#0b6bcb"]], xgap=1, ygap=1,
        textfont={"color": "#1c2430"},
        hovertemplate="%{customdata}: %{z:+.3f}<extra></extra>"))
    figure.update_yaxes(autorange="reversed", tickvals=places, ticktext=names)
    figure.update_xaxes(tickangle=-60, tickvals=places, ticktext=names)
    return plain_figure(figure).update_layout(height=max(HEIGHT, 220 + 22 * len(rows)))


def _forgetting(rows: list[Row], metric: str) -> go.Figure:
    figure = go.Figure()
    able = [row for row in rows if row.backbone and row.forgot
            and (row.forgot.difference or not row.forgot.changed)]
    for backbone, colour in zip(_backbones(able), COLOURS, strict=False):
        points = [(row, *_reach(row.forgot)) for row in able
                  if row.backbone == backbone and row.forgot]
        figure.add_trace(go.Scatter(
            x=[x for _, x, _, _ in points], y=[row.common[metric].mean for row, *_ in points],
            error_x=_whiskers([(below, above) for *_, below, above in points]),
            error_y=_whiskers([_around(row.common[metric]) for row, *_ in points]),
            text=[short(row.label) for row, *_ in points], mode="markers+text", name=backbone,
            textposition="top center", marker={"size": 11, "color": colour},
            hovertemplate="%{text}<br>" + says(metric)
                          + " %{y:.3f}<br>%{x:+.1f} points<extra></extra>"))
    figure.update_xaxes(title="general benchmarks, change in points")
    figure.update_yaxes(title=says(metric))
    return plain_figure(figure)


def _trades(found: list[Trade], metric: str) -> go.Figure:
    """A point a method, with both intervals; what is not tuned would stand where the lines cross.
    """
    figure = go.Figure()
    able = [one for one in found if one.forgot.difference]
    for backbone, colour in zip(_backbones([one.row for one in able]), COLOURS, strict=False):
        points = [(one, one.gain, *_reach(one.forgot)) for one in able
                  if (one.row.backbone or "no backbone") == backbone]
        figure.add_trace(go.Scatter(
            x=[x for _, _, x, *_ in points], y=[gain.difference for _, gain, *_ in points],
            error_x=_whiskers([(below, above) for *_, below, above in points]),
            error_y=_whiskers([(gain.difference - gain.low, gain.high - gain.difference)
                               for _, gain, *_ in points]),
            text=[short(one.row.label) for one, *_ in points], mode="markers+text", name=backbone,
            customdata=[short(one.against.label) for one, *_ in points],
            textposition="top center", marker={"size": 11, "color": colour},
            hovertemplate=f"%{{text}}<br>{metric} %{{y:+.3f}} against %{{customdata}}<br>"
                          "%{x:+.1f} points<extra></extra>"))
    figure.add_hline(y=0, line={"dash": "dot", "width": 1, "color": COLOURS[8]})
    figure.add_vline(x=0, line={"dash": "dot", "width": 1, "color": COLOURS[8]})
    figure.update_xaxes(title="general benchmarks, change in points")
    figure.update_yaxes(title=f"gain in {metric}")
    return plain_figure(figure)


def _whiskers(reaches: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """How far intervals reach below and above their points, as plotly has it."""
    return {"type": "data", "symmetric": False, "thickness": 1,
            "array": [above for _, above in reaches], "arrayminus": [below for below, _ in reaches]}


def _around(figure: Figure) -> tuple[float, float]:
    return figure.mean - figure.low, figure.high - figure.mean


def _reach(forgot: Forgot) -> tuple[float, float, float]:
    """Change in points, and how far its interval reaches below and above."""
    if forgot.difference is None or forgot.low is None or forgot.high is None:
        return 0.0, 0.0, 0.0
    middle = forgot.difference.mean
    return 100 * middle, 100 * (middle - forgot.low), 100 * (forgot.high - middle)


def _curves(found: LearningCurves, metric: str) -> go.Figure:
    figure = go.Figure()
    for place, curve in enumerate(found.curves):
        colour, sizes = COLOURS[place % len(COLOURS)], [p.train for p in curve.points]
        figure.add_trace(go.Scatter(
            x=sizes + sizes[::-1], fill="toself", line={"width": 0}, fillcolor=colour,
            y=[p.figure.high for p in curve.points] + [p.figure.low for p in curve.points][::-1],
            opacity=0.12, hoverinfo="skip", showlegend=False, legendgroup=curve.name,
            mode="lines"))
        figure.add_trace(go.Scatter(
            x=sizes, y=[p.figure.mean for p in curve.points], mode="lines+markers",
            name=short(curve.name), legendgroup=curve.name, line={"color": colour},
            hovertemplate=f"{metric} %{{y:.3f}} at %{{x}}<extra></extra>"))
    sizes = sorted({p.train for curve in found.curves for p in curve.points})
    figure.update_xaxes(type="log", title="training examples (log scale)", tickvals=sizes,
                        ticktext=[str(size) for size in sizes])
    figure.update_yaxes(title=metric)
    return plain_figure(figure)


def _loss(records: Sequence[Record], unit: str) -> go.Figure:
    figure = go.Figure()
    drawn = [r for r in records if r.identity.seed == 0 and r.curve]
    for place, record in enumerate(drawn):
        colour = COLOURS[place % len(COLOURS)]
        name = short(record.identity.name)
        held = [point for point in record.curve if point.validation_loss is not None]
        figure.add_trace(go.Scatter(
            x=[point.epoch for point in held], y=[point.validation_loss for point in held],
            mode="lines+markers", name=f"{name}, validation", line={"color": colour}))
        figure.add_trace(go.Scatter(
            x=[point.epoch for point in record.curve],
            y=[point.train_loss for point in record.curve], mode="lines",
            line={"dash": "dot", "width": 1, "color": colour}, name=f"{name}, training",
            visible="legendonly"))
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(title=f"loss, {unit}")
    return plain_figure(figure)


def _calibration(found: tuple[Reliability, ...], axes: tuple[str, str]) -> go.Figure:
    figure = go.Figure(go.Scatter(x=[0, 1], y=[0, 1], mode="lines", hoverinfo="skip",
                                  line={"dash": "dot", "color": COLOURS[8]}, name="calibrated"))
    for place, method in enumerate(found):
        most = max(b.items for b in method.bins)
        figure.add_trace(go.Scatter(
            x=[b.confidence for b in method.bins], y=[b.accuracy for b in method.bins],
            mode="lines+markers", name=short(method.name),
            line={"color": COLOURS[place % len(COLOURS)], "width": 1},
            marker={"size": [6 + 12 * (b.items / most) ** 0.5 for b in method.bins]},
            visible=True if place < SHOWN else "legendonly",
            customdata=[b.items for b in method.bins],
            hovertemplate=f"{axes[0]} %{{x:.2f}}, {axes[1]} %{{y:.2f}}, "
                          "%{customdata} in all<extra></extra>"))
    figure.update_xaxes(title=axes[0], range=[0, 1.03])
    figure.update_yaxes(title=axes[1], range=[0, 1.03])
    return plain_figure(figure)


def short(name: str) -> str:
    """A name that leaves room for the figure, with nothing that plotly would read as markup."""
    cut = name if len(name) <= LONGEST else f"{name[:LONGEST]}…"
    return cut.replace("<", "‹").replace(">", "›")


def plain_figure(figure: go.Figure) -> go.Figure:
    figure.update_layout(
        template="none", height=HEIGHT, margin={"l": 60, "r": 20, "t": 20, "b": 60},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": -0.25}, hovermode="closest",
    )
    return figure
