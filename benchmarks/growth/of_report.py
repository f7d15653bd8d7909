"""The growth of comparisons and reports as a table and a figure."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import plotly.graph_objects as go

from benchmarks.growth.draw import panels

PARTS = (("compare_cpu_seconds", "comparison, processor seconds"),
         ("report_cpu_seconds", "report, processor seconds"))


def view(content: dict) -> tuple[str, go.Figure]:
    """A table as Markdown, and two panels."""
    found = content["found"]
    lines = [f"| {r['runs']} | {r['items']:,} | {r['compare_cpu_seconds']:.2f} | "
             f"{r['report_cpu_seconds']:.2f} | {r['memory_bytes'] / 1e6:,.0f} | "
             f"{r['report_bytes'] / 1e6:.1f} |" for r in found]
    text = "\n".join([
        f"{content['device']}. Other programs used up to "
        f"{100 * max(row['others'] for row in found):.0f}% of the processor.", "",
        "| runs | items | comparison, processor s | report, processor s | memory, MB | "
        "report, MB |", "|---|---|---|---|---|---|", *lines, "",
        *map(_surface, PARTS, [found] * len(PARTS))])
    items = sorted({row["items"] for row in found})
    lines_of = [[(f"{n:,} items", *zip(*((r["runs"], r[part]) for r in found if r["items"] == n),
                                      strict=True)) for n in items] for part, _ in PARTS]
    return text, panels([(title, "runs", "seconds") for _, title in PARTS],
                        [[(name, list(x), list(y)) for name, x, y in panel]
                         for panel in lines_of], 2)


def _surface(part: tuple[str, str], found: list[dict]) -> str:
    """What each part grows with between neighbouring sizes, from least to most."""
    what, title = part
    by = {(row["runs"], row["items"]): row[what] for row in found}
    runs, items = (sorted({row[axis] for row in found}) for axis in ("runs", "items"))
    with_runs = [np.log(by[b, n] / by[a, n]) / np.log(b / a)
                 for n in items for a, b in pairwise(runs)]
    with_items = [np.log(by[r, b] / by[r, a]) / np.log(b / a)
                  for r in runs for a, b in pairwise(items)]
    return (f"Exponent of the {title} between neighbouring sizes: {min(with_runs):.2f} to "
            f"{max(with_runs):.2f} with runs (the last, most runs and items: {with_runs[-1]:.2f}), "
            f"{min(with_items):.2f} to {max(with_items):.2f} with items "
            f"({with_items[-1]:.2f}).\n")
