"""Figures of single results, as plotly's own: the page's are in `figures`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from harness.report.figures import HEIGHT, plain_figure, short


@dataclass(frozen=True)
class Ranged:
    """A value with the ends of its interval; both are the value where it has none."""

    name: str
    value: float
    low: float
    high: float


def intervals(found: Sequence[Ranged], title: str, zero: float | None = None) -> go.Figure:
    """A line a value, the first at the top; `zero` is where a line is drawn across them."""
    figure = go.Figure(go.Scatter(
        x=[one.value for one in found], y=[short(one.name) for one in found], mode="markers",
        error_x={"type": "data", "symmetric": False,
                 "array": [one.high - one.value for one in found],
                 "arrayminus": [one.value - one.low for one in found]}))
    if zero is not None:
        figure.add_vline(x=zero, line={"dash": "dot", "width": 1})
    figure.update_xaxes(title=title)
    figure.update_yaxes(autorange="reversed", automargin=True)
    return plain_figure(figure)


def bars(found: Mapping[str, Mapping[str, float]], title: str) -> go.Figure:
    """By trace and name, each a bar from zero; traces of one name stand on each other."""
    figure = go.Figure([
        go.Bar(x=list(values.values()), y=[short(name) for name in values], name=short(trace),
               orientation="h") for trace, values in found.items()])
    figure.update_xaxes(title=title)
    figure.update_yaxes(autorange="reversed", automargin=True)
    return plain_figure(figure).update_layout(barmode="stack", height=HEIGHT)
