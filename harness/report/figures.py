"""Figures of a report, as plotly JSON."""

from __future__ import annotations

import json
from typing import Any

import plotly.graph_objects as go

from harness.compare.summary import Forgot, Row
from harness.report import words
from harness.report.published import Published
from harness.study.record import Record

HEIGHT = 440


def figures(published: Published) -> dict[str, dict[str, Any]]:
    """Each figure's data and layout, by the id of its place in the page."""
    rows = [row for row in published.summary.rows if row.common is not None]
    metric = words.METRIC_NAMES[published.summary.metric]
    made = {
        "quality-cost": _scatter(rows, "adapt_seconds", metric,
                                 "seconds to adapt, stand-alone (log scale)"),
        "quality-latency": _scatter(rows, "p50_ms", metric,
                                    "median latency of one request, ms (log scale)"),
        "quality-forgetting": _forgetting(rows, metric),
        "loss": _loss(published.study.records),
    }
    return {name: json.loads(figure.to_json()) for name, figure in made.items()}


def _scatter(rows: list[Row], cost: str, metric: str, cost_title: str) -> go.Figure:
    figure = go.Figure()
    for backbone in sorted({row.backbone or "no backbone" for row in rows}):
        chosen = [row for row in rows if (row.backbone or "no backbone") == backbone
                  and getattr(row, cost) is not None]
        figure.add_trace(go.Scatter(
            x=[max(getattr(row, cost), 1e-3) for row in chosen],
            y=[row.common.mean for row in chosen if row.common],
            error_y={"type": "data", "thickness": 1,
                     "array": [row.common.sd or 0.0 for row in chosen if row.common]},
            text=[row.label for row in chosen], mode="markers+text", textposition="top center",
            name=backbone, marker={"size": 11},
            hovertemplate="%{text}<br>" + metric + " %{y:.3f}<br>%{x:.3g}<extra></extra>",
        ))
    figure.update_xaxes(type="log", dtick=1, title=cost_title)
    figure.update_yaxes(title=metric)
    return _plain(figure)


def _forgetting(rows: list[Row], metric: str) -> go.Figure:
    figure = go.Figure()
    for backbone in sorted({row.backbone for row in rows if row.backbone}):
        points = [(row, row.common.mean, *_reach(row.forgot)) for row in rows
                  if row.backbone == backbone and row.common and row.forgot]
        figure.add_trace(go.Scatter(
            x=[x for _, _, x, _, _ in points], y=[y for _, y, _, _, _ in points],
            error_x={"type": "data", "symmetric": False, "thickness": 1,
                     "array": [above for *_, above in points],
                     "arrayminus": [below for *_, below, _ in points]},
            text=[row.label for row, *_ in points], mode="markers+text", name=backbone,
            textposition="top center", marker={"size": 11},
            hovertemplate="%{text}<br>" + metric + " %{y:.3f}<br>%{x:+.1f} points<extra></extra>"))
    figure.update_xaxes(title="general benchmarks, change in points")
    figure.update_yaxes(title=metric)
    return _plain(figure)


def _reach(forgot: Forgot) -> tuple[float, float, float]:
    """Change in points, and how far its interval reaches below and above."""
    if forgot.difference is None or forgot.low is None or forgot.high is None:
        return 0.0, 0.0, 0.0
    middle = forgot.difference.mean
    return 100 * middle, 100 * (middle - forgot.low), 100 * (forgot.high - middle)


def _loss(records: tuple[Record, ...]) -> go.Figure:
    figure = go.Figure()
    for record in records:
        if record.identity.seed != 0 or not record.curve:
            continue
        name = f"{record.identity.label} ({record.identity.backbone})"
        held = [point for point in record.curve if point.validation_loss is not None]
        figure.add_trace(go.Scatter(
            x=[point.epoch for point in held], y=[point.validation_loss for point in held],
            mode="lines+markers", name=f"{name}, validation"))
        figure.add_trace(go.Scatter(
            x=[point.epoch for point in record.curve],
            y=[point.train_loss for point in record.curve], mode="lines",
            line={"dash": "dot", "width": 1}, name=f"{name}, training", visible="legendonly"))
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(title="loss, nats an item")
    return _plain(figure)


def _plain(figure: go.Figure) -> go.Figure:
    figure.update_layout(
        template="none", height=HEIGHT, margin={"l": 60, "r": 20, "t": 20, "b": 60},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": -0.25}, hovermode="closest",
    )
    return figure
