"""Static figures: plotly's own SVG, made by the Chromium that tests the pages."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from urllib.parse import unquote

import plotly.graph_objects as go
from playwright.sync_api import sync_playwright
from plotly.offline import get_plotlyjs
from plotly.subplots import make_subplots

from harness.report.figures import COLOURS

WIDTH, PANEL = 1000, 330
Line = tuple[str, list[float], list[float]]
"""Name, x, y. A name that ends in ESTIMATE is drawn dashed."""
ESTIMATE = ", estimate"


def panels(titles: list[tuple[str, str, str]], lines: list[list[Line]], columns: int) -> go.Figure:
    """Lines on logarithmic axes; a panel's title is what it shows, its x and its y."""
    rows = -(-len(titles) // columns)
    figure = make_subplots(rows, columns, subplot_titles=[title for title, _, _ in titles],
                           horizontal_spacing=0.09, vertical_spacing=0.16)
    names = list(dict.fromkeys(name.removesuffix(ESTIMATE) for panel in lines
                               for name, _, _ in panel))
    shown: set[str] = set()
    for place, ((_, x_title, y_title), panel) in enumerate(zip(titles, lines, strict=True)):
        at = {"row": 1 + place // columns, "col": 1 + place % columns}
        for name, x, y in panel:
            estimated = name.endswith(ESTIMATE)
            figure.add_trace(go.Scatter(
                x=x, y=y, name=name, legendgroup=name, showlegend=name not in shown,
                mode="lines" if estimated else "lines+markers",
                line={"color": COLOURS[names.index(name.removesuffix(ESTIMATE))], "width": 2,
                      "dash": "dot" if estimated else "solid"}), **at)
            shown.add(name)
        across, up = ([v for line in panel for v in line[i]] for i in (1, 2))
        figure.update_xaxes(type="log", dtick=_dtick(across), title=x_title, **at)
        figure.update_yaxes(type="log", dtick=_dtick(up), title=y_title, **at)
    figure.update_layout(template="plotly_white", width=WIDTH, height=PANEL * rows + 60,
                         margin={"l": 70, "r": 20, "t": 50, "b": 50},
                         font={"size": 12}, legend={"orientation": "h", "y": -0.16 / rows})
    return figure


def _dtick(values: list[float]) -> str | int:
    """Plotly's step between marks of a logarithmic axis: 1, 2, 5, or one or more decades."""
    decades = math.log10(max(values) / min(values))
    return "D2" if decades < 3 else 1 if decades < 6 else 2


def save(figures: dict[Path, go.Figure]) -> None:
    """Write each figure as SVG. Raises SystemExit without Chromium."""
    browser_path = shutil.which("chromium")
    if browser_path is None:
        raise SystemExit("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        page = browser.new_page()
        page.set_content("<div></div>")
        page.add_script_tag(content=get_plotlyjs())
        for path, figure in figures.items():
            made = page.evaluate(
                "figure => Plotly.toImage(JSON.parse(figure), "
                f"{{format: 'svg', width: {WIDTH}, height: {figure.layout.height}}})",
                figure.to_json())
            path.parent.mkdir(exist_ok=True)
            path.write_text(unquote(made.split(",", 1)[1]) + "\n", encoding="utf-8")
        browser.close()
