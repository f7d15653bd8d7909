"""Figures over time, as plotly's."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from harness.compare.over_time import Moment
from harness.report.figures import COLOURS, plain_figure, short
from harness.report.history.sentences import place
from harness.targets.kinds import says

MOST = 8
"""Methods that are drawn: what was recommended, then the best of the newest study."""
APART = 0.04
"""Between the lines of two methods, in studies."""


def drawn_methods(moments: Sequence[Moment]) -> tuple[str, ...]:
    """Everything that was recommended, the newest first, then the best of the newest study."""
    chosen = [moment.recommended for moment in reversed(moments) if moment.recommended]
    return tuple(dict.fromkeys([*chosen, *moments[-1].figures]))[:MOST]


def over_time_figure(moments: Sequence[Moment]) -> go.Figure:
    """A line a method with 95% intervals, broken where figures are not comparable."""
    figure = go.Figure()
    for number, name in enumerate(drawn_methods(moments)):
        xs, ys, above, below = _line(moments, name, number * APART)
        figure.add_scatter(
            x=xs, y=ys, name=short(name), mode="lines+markers", connectgaps=False,
            line={"color": COLOURS[number % len(COLOURS)]},
            error_y={"type": "data", "symmetric": False, "array": above, "arrayminus": below,
                     "thickness": 1})
    for one, moment in enumerate(moments):
        if one and moment.breaks:
            figure.add_vline(x=one - 0.5, line={"dash": "dot", "width": 1})
    figure.update_xaxes(tickmode="array", tickvals=list(range(len(moments))),
                        ticktext=[place(moment)[5:] for moment in moments], tickangle=-25)
    figure.update_yaxes(title=says(moments[-1].metric))
    return plain_figure(figure).update_layout(legend={"orientation": "h", "y": 1.15})


Points = list[float | None]


def _line(moments: Sequence[Moment], name: str, beside: float
          ) -> tuple[Points, Points, Points, Points]:
    """Places, figures and how far their intervals reach; nothing at a break, or where a study has
    no figure of the method. Lines stand `beside` each other."""
    xs: Points = []
    ys: Points = []
    above: Points = []
    below: Points = []
    for one, moment in enumerate(moments):
        if one and moment.breaks:
            for values in (ys, above, below):
                values.append(None)
            xs.append(one - 0.5)
        found = moment.figures.get(name)
        xs.append(one + beside)
        ys.append(found.mean if found else None)
        above.append(found.high - found.mean if found else None)
        below.append(found.mean - found.low if found else None)
    return xs, ys, above, below
