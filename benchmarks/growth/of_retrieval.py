"""Retrieval's growth as a table and a figure."""

from __future__ import annotations

import math
from collections.abc import Callable

import plotly.graph_objects as go

from benchmarks.growth.draw import ESTIMATE, Line, panels
from benchmarks.growth.law import law

FROM = 10_000
"""Passages from which on the lines are fitted: below, caches and fixed costs rule."""
FAR = 1e9
GRAPHS = (("build_cpu_seconds", "build, processor seconds"), ("question_ms", "ms a question"),
          ("memory_bytes", "memory, bytes"))
LAWS = (*GRAPHS, ("written_bytes", "index as written"))
Growth = tuple[str, Callable[[float], float]]
LINEAR: Growth = ("n", lambda n: n)
LIMITS: dict[tuple[str, str], Growth] = {
    ("hnsw", "build_cpu_seconds"): ("n log n", lambda n: n * math.log(n)),
    ("hnsw", "question_ms"): ("log n", math.log),
    ("ivf-pq", "build_cpu_seconds"): ("n^1.5", lambda n: n**1.5)}
"""How a cost grows in the limit by its operations, where that is not with n. HNSW: Malkov and
Yashunin 2018, section 4.2. IVF-PQ has 4 sqrt(n) lists, and every passage is compared with each."""


def view(content: dict) -> tuple[str, go.Figure]:
    """Tables as Markdown, and four panels."""
    grown = [row for row in content["found"]
             if row["made"] == max(0, row["passages"] - content["real"])
             and row["passages"] != content["real"]]
    kinds = list(dict.fromkeys(row["kind"] for row in grown))
    text = "\n\n".join([
        f"{content['device']}, {content['questions']} questions. Other programs used up to "
        f"{100 * max(row['others'] for row in grown):.0f}% of the processor.",
        _measured(grown), _alike(content), _laws(grown, kinds)])
    return text, _drawn(grown, kinds)


def _measured(grown: list[dict]) -> str:
    lines = [f"| {r['kind']} | {r['passages']:,} | {_time(r['build_cpu_seconds'])} | "
             f"{r['question_ms']:.3g} | {_size(r['memory_bytes'])} | {_size(r['peak_bytes'])} | "
             f"{_size(r['written_bytes'])} | {r['recall_at_1']:.3f} | {r['recall_at_10']:.3f} |"
             for r in grown]
    return "\n".join([
        "| index | passages | build, processor time | ms a question | memory | peak while building "
        "| written | recall@1 | recall@10 |", "|---|---|---|---|---|---|---|---|---|", *lines])


def _alike(content: dict) -> str:
    rows = [row for row in content["found"] if row["passages"] == content["real"]]
    lines = [f"| {r['kind']} | {'made' if r['made'] else 'real'} | {r['recall_at_1']:.3f} | "
             f"{r['recall_at_10']:.3f} |" for r in rows]
    return "\n".join([
        f"Are made vectors like real ones? {content['real']:,} of each, with an intrinsic "
        f"dimension of {content['dimension_of_real']:.1f} (real) and "
        f"{content['dimension_of_made']:.1f} (made), and the same questions:", "",
        "| index | vectors | recall@1 | recall@10 |", "|---|---|---|---|", *lines])


def _laws(grown: list[dict], kinds: list[str]) -> str:
    lines = []
    for kind in kinds:
        for what, title in LAWS:
            x, y = _points(grown, kind, what)
            found, say = law(x, y), _saying(what)
            lines.append(
                f"| {kind} | {title} | {found.exponent:.2f} [{found.low:.2f}, {found.high:.2f}] | "
                f"{_limit(kind, what)[0]} | {x[-1]:,} | {say(_far(kind, what, x[-1], y[-1]))} |")
    return "\n".join([
        f"Exponents of a power law through the sizes from {FROM:,} on, with their 95% intervals, "
        "and **estimates, not measurements,** for 10⁹ passages: the largest size measured, carried "
        "on as the cost grows in the limit.", "",
        "| index | what | exponent | in the limit | largest measured | estimate for 10⁹ |",
        "|---|---|---|---|---|---|", *lines])


def _limit(kind: str, what: str) -> Growth:
    return LIMITS.get((kind, what), LINEAR)


def _far(kind: str, what: str, x: float, y: float) -> float:
    grows = _limit(kind, what)[1]
    return y * grows(FAR) / grows(x)


def _drawn(grown: list[dict], kinds: list[str]) -> go.Figure:
    lines: list[list[Line]] = []
    for what, _ in GRAPHS:
        panel: list[Line] = []
        for kind in kinds:
            chosen = [row for row in grown if row["kind"] == kind]
            x, y = _points(grown, kind, what)
            panel += [(kind, [r["passages"] for r in chosen], [r[what] for r in chosen]),
                      (kind + ESTIMATE, [x[-1], FAR], [y[-1], _far(kind, what, x[-1], y[-1])])]
        lines.append(panel)
    lines.append([(kind, [r["passages"] for r in grown if r["kind"] == kind],
                   [r["recall_at_10"] for r in grown if r["kind"] == kind]) for kind in kinds])
    titles = [(title, "passages", title.split(", ")[-1]) for _, title in GRAPHS]
    figure = panels([*titles, ("recall@10 against flat", "passages", "recall")], lines, 2)
    return figure.update_yaxes(type="linear", dtick=0.2, range=[0, 1.05], row=2, col=2)


def _points(grown: list[dict], kind: str, what: str) -> tuple[list[float], list[float]]:
    chosen = [row for row in grown if row["kind"] == kind and row["passages"] >= FROM]
    return [row["passages"] for row in chosen], [row[what] for row in chosen]


def _saying(what: str) -> Callable[[float], str]:
    if what.endswith("_ms"):
        return lambda value: _time(value / 1000)
    return _size if what.endswith("_bytes") else _time


def _time(seconds: float) -> str:
    for most, divisor, unit in ((1e-3, 1e-6, "µs"), (1, 1e-3, "ms"), (120, 1, "s"),
                                (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < most:
            return f"{seconds / divisor:.3g} {unit}"
    return f"{seconds / 86_400:,.0f} days"


def _size(count: float) -> str:
    for most, divisor, unit in ((1e9, 1e6, "MB"), (1e12, 1e9, "GB")):
        if count < most:
            return f"{count / divisor:.3g} {unit}"
    return f"{count / 1e12:.3g} TB"
