"""The growth of studies as a table and a figure."""

from __future__ import annotations

import plotly.graph_objects as go
from scipy.stats import linregress, t

from benchmarks.growth.draw import Line, panels
from benchmarks.growth.law import LEVEL, law

TITLES = {"runs": "runs", "examples": "training examples", "tokens": "tokens a text"}


def view(content: dict) -> tuple[str, go.Figure]:
    """Tables as Markdown, and a panel for each thing that grows."""
    rows = {axis: [row for row in content["found"] if row["axis"] == axis] for axis in TITLES}
    text = "\n\n".join([
        f"{content['device']}, {content['threads']} thread, autocast {content['autocast']}. "
        f"Other programs used up to {100 * max(row['others'] for row in content['found']):.0f}% of "
        "the processor.",
        _runs(rows["runs"]), *(_methods(rows[axis], axis) for axis in ("examples", "tokens"))])
    lines: list[list[Line]] = [_lines(rows["runs"], {"study": "seconds", "inside runs": "inside"})]
    lines += [[(method, [r["size"] for r in rows[axis]], [r["methods"][method] for r in rows[axis]])
               for method in rows[axis][0]["methods"]] for axis in ("examples", "tokens")]
    return text, panels([(f"study by {TITLES['runs']}", "runs", "seconds"),
                         ("a run by training examples", "training examples", "seconds"),
                         ("a run by tokens a text", "tokens a text", "seconds")], lines, 3)


def _lines(rows: list[dict], parts: dict[str, str]) -> list[Line]:
    return [(name, [row["runs"] for row in rows], [row[part] for row in rows])
            for name, part in parts.items()]


def _runs(rows: list[dict]) -> str:
    lines = [f"| {r['runs']} | {r['seconds']:.1f} | {r['inside']:.1f} | "
             f"{(r['seconds'] - r['inside']) / r['runs']:.2f} |" for r in rows]
    counts = [row["runs"] for row in rows]
    return "\n".join([
        "| runs | study, s | inside its runs, s | around each run, s |", "|---|---|---|---|",
        *lines, "", f"A straight line through these: {_straight(counts, rows, 'seconds')} a study, "
        f"of which {_straight(counts, rows, 'inside')} inside its runs."])


def _straight(counts: list[int], rows: list[dict], part: str) -> str:
    found = linregress(counts, [row[part] for row in rows])
    wide = float(t.ppf((1 + LEVEL) / 2, len(counts) - 2))
    return (f"{found.intercept:.2f} ± {wide * found.intercept_stderr:.2f} s and "
            f"{found.slope:.2f} ± {wide * found.stderr:.2f} s a run")


def _methods(rows: list[dict], axis: str) -> str:
    names = list(rows[0]["methods"])
    lines = [f"| {r['size']} | {r['tokens']:,} | "
             + " | ".join(f"{r['methods'][name]:.2f}" for name in names)
             + f" | {r['seconds']:.1f} |" for r in rows]
    sizes = [row["size"] for row in rows]
    laws = {name: law(sizes, [row["methods"][name] for row in rows]) for name in names}
    said = ", ".join(f"{name} {found.exponent:.2f} [{found.low:.2f}, {found.high:.2f}]"
                     for name, found in laws.items())
    return "\n".join([
        f"| {TITLES[axis]} | tokens trained on | " + " | ".join(f"{n}, s" for n in names)
        + " | study, s |", "|---|---|" + "---|" * (len(names) + 1), *lines, "",
        f"Exponents with 95% intervals: {said}."])
