"""The gate as Markdown: for pull requests and step summaries."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from harness.common.text import excerpt
from harness.gate.checks import Check
from harness.gate.verdict import ChangedItem, GateResult, MetricFigures
from harness.report import picture_time, words
from harness.report.gate import sentences
from harness.targets.kinds import says

SHOWN, LENGTH = 10, 300
PICTURES = "pictures"
"""The folder beside the Markdown that holds what it shows, an `ITEM.webp` each."""
MARKS = {"passed": "✅ passed", "failed": "❌ failed", "undecided": "❔ undecided",
         "missing": "❔ missing", "withheld": "withheld"}


def shown(result: GateResult) -> list[str]:
    """The items that the Markdown shows."""
    return [one.item for found in (result.broken, result.mended) for one in found[:SHOWN]]


def markdown(result: GateResult, pictured: Collection[str] = ()) -> str:
    """Verdict, checks, metrics, slices, the items that changed, and what was compared. `pictured`
    are items whose small pictures lie beside it."""
    cell, tiers = words.cell, any(c.tier != "must" for c in result.checks)
    head = " tier |" if tiers else ""
    lines = [f"## Gate: {cell(result.suite)}", "", f"**{cell(sentences.verdict(result))}**", "",
             f"|{head} rule | found | bounds | wanted | | about |",
             f"|{'---|' * (6 + tiers)}"]
    lines += ["| " + " | ".join((
        *([c.tier] if tiers else []), cell(c.rule), cell(sentences.figure(c, c.value)),
        cell(sentences.bounds(c)),
        f"{'≤' if c.at_most else '≥'} {cell(sentences.figure(c, c.limit))}", _mark(c),
        cell(c.about))) + " |" for c in result.checks]
    said = [sentences.level(result), "A rule passes when its bound keeps the limit.",
            picture_time.of_gate(result), sentences.attempt(result)]
    lines += ["", cell(" ".join(filter(None, said))), "",
              "| metric | candidate | baseline | difference [bounds] |", "|---|---|---|---|"]
    lines += [_metric(name, figures) for name, figures in result.metrics.items()]
    if result.slices:
        lines += ["", f"| slice | items | worse in {says(result.sliced_by)} by [bounds] |",
                  "|---|---|---|"]
        lines += [f"| {cell(s.column)}: {cell(s.value)} | {s.items} | "
                  f"{cell(words.interval(s.drop.value, s.drop.low, s.drop.high))} |"
                  for s in result.slices]
    lines += _items("newly broken", result.broken, pictured)
    lines += _items("newly mended", result.mended, pictured)
    return "\n".join([*lines, "", _compared(result), ""])


def _mark(check: Check) -> str:
    """A cross is what stops."""
    broken = check.state == "failed" and check.tier != "must"
    return "⚠️ failed" if broken else MARKS[check.state]


def _metric(name: str, figures: MetricFigures) -> str:
    mine, gap = figures.candidate, figures.difference
    cells = (says(name), f"{mine.value:.3f}" if mine else words.ABSENT,
             words.ABSENT if figures.baseline is None else f"{figures.baseline:.3f}",
             words.cell(words.interval(gap.value, gap.low, gap.high)) if gap else words.ABSENT)
    return f"| {' | '.join(cells)} |"


def _items(title: str, items: Sequence[ChangedItem], pictured: Collection[str]) -> list[str]:
    if not items:
        return []
    first = f", the first {SHOWN}" if len(items) > SHOWN else ""
    lines = ["", f"<details><summary>{len(items)} items {title}{first}</summary>", "",
             f"| item | right | before | now | {'file | picture' if pictured else 'text'} |",
             f"|{'---|' * (6 if pictured else 5)}"]
    lines += ["| " + " | ".join([*map(words.cell, (
        i.item, i.target, i.baseline, i.candidate, excerpt(i.text, LENGTH))),
        *([_picture(i.item, pictured)] if pictured else [])]) + " |" for i in items[:SHOWN]]
    return [*lines, "", "</details>"]


def _picture(item: str, pictured: Collection[str]) -> str:
    return f"![]({PICTURES}/{item}.webp)" if item in pictured else ""


def _compared(result: GateResult) -> str:
    who, where = result.candidate, result.environment
    base = f" on {who.base}" if who.base else ""
    said = [f"Candidate {words.cell(who.name)}{words.cell(base)}, sha256 {who.sha256[:16]}, "
            f"{words.size(who.artifact_bytes)}.",
            *(f"Note: {words.cell(note)}." for note in who.notes)]
    if result.baseline:
        approval = result.baseline.approval
        by = f" by {words.cell(approval.by)}" if approval.by else ""
        note = f": {words.cell(approval.note)}" if approval.note else ""
        said.append(f"Baseline {words.cell(result.baseline.name)}, approved {approval.at[:10]}"
                    f"{by}{note}.")
    said.append(f"{result.items:,} items in {result.groups:,} groups; {words.cell(where.device)}, "
                f"autocast {where.autocast}; {words.seconds(result.seconds)}; {result.created}.")
    return " ".join(said)
