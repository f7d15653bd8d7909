"""The figures in the headers of the suites that ship: `python -m benchmarks.headers legal stories`.

A header's first line is written by hand. The rest of it is what `reports/SUITE/study.json` says,
so it is never typed: run the suite, then this.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import takewhile
from pathlib import Path
from textwrap import wrap

from harness.common.files import write_atomic
from harness.compare.row import Row
from harness.measure.retrieval import PassageRetrieval
from harness.report import beside, words
from harness.report.files import STUDY
from harness.report.published import Published, read_published
from harness.suite import load_suite
from harness.targets.kinds import KINDS, says

ROOT = Path(__file__).parents[1]
WIDTH = 98


def header(published: Published, usual: str) -> list[str]:
    """The lines below the first, without their marks. `usual` is the suite's default profile."""
    return [*wrap(_said(published, usual), WIDTH), "", *aligned(_table(published)),
            *_beside(published), *_found(published)]


def with_header(text: str, lines: Sequence[str]) -> str:
    """A suite's text with `lines` for the comment below its first line."""
    first, *rest = text.splitlines(keepends=True)
    old = sum(1 for _ in takewhile(lambda line: line.startswith("#"), rest))
    new = "".join(f"# {line}".rstrip() + "\n" for line in ("", *lines))
    return first + new + "".join(rest[old:])


def aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows of cells as lines with columns under each other."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows]


def _said(published: Published, usual: str) -> str:
    study, summary = published.study, published.summary
    where = study.records[0].environment
    profile = "" if study.profile == usual else f" PROFILE={study.profile}"
    precision = "fp32" if where.autocast == "no" else where.autocast
    metric = says(summary.metric)
    others = words.listed([says(name) for name in _others(published)])
    fresh = published.freshness
    sides = "" if fresh is None else (
        f" Old and new are {metric} on {fresh.old_items} of those items about documents that were "
        f"there at training and on {fresh.new_items} about documents that came after.")
    return (f"Profile {study.profile}, `make suite TASK={study.suite}{profile}`, harness "
            f"{(where.commit or 'unknown')[:7]}{' (changed)' if where.dirty else ''}, "
            f"{where.device}, {precision}. {metric[0].upper()}{metric[1:]} is on the "
            f"{summary.common_items} test items that every method answered, with its 95% interval; "
            f"{others} on all test items of the method; all are means over seeds ± standard "
            f"deviation.{sides}")


def _beside(published: Published) -> list[str]:
    """The arms of other budgets."""
    lines = [line for said in beside.shown(published)
             for line in ("", *wrap(said, WIDTH, subsequent_indent="  "))]
    for part, view in beside.ranked(published):
        lines += ["", f"{part.title}:", "", *aligned(_table(view))]
    return lines


def _others(published: Published) -> list[str]:
    return [name for name in [metric.name for metric in
                         KINDS[published.study.kind].beside_of(published.summary.metric)]
            if name != published.summary.metric]


def _table(published: Published) -> list[list[str]]:
    summary, others, fresh = published.summary, _others(published), published.freshness
    known = {} if fresh is None else {row.name: row for row in fresh.rows}
    table = [["method", "backbone", says(summary.metric), "95% interval",
              *(says(name) for name in others), *(["old", "new"] if known else []),
              "test", "seeds"]]
    for row in summary.rows:
        cells = _row(row, summary.metric, others)
        if known:
            side = known.get(row.name)
            cells[-2:-2] = [words.spread(side and side.old), words.spread(side and side.new)]
        table.append(cells)
    return table


def _row(row: Row, metric: str, others: Sequence[str]) -> list[str]:
    common = row.common.get(metric)
    return [row.label, row.backbone or words.ABSENT, words.spread(common), words.within(common),
            *(words.spread(row.metrics.get(name)) for name in others),
            str(row.test_items or words.ABSENT), str(row.seeds - row.failed)]


def _found(published: Published) -> list[str]:
    """What the first seeds' searches over passages found."""
    found = {r.identity.label: r.retrieval for r in published.study.whole()
             if r.identity.seed == 0 and isinstance(r.retrieval, PassageRetrieval)}
    return [] if not found else ["", *(line for label, figures in found.items() for line in wrap(
        f"{label}: {words.found(figures)}.", WIDTH, subsequent_indent="  "))]


def main(suites: Sequence[str]) -> None:
    """Write the headers of these suites. Raises HarnessError for one without a study."""
    for suite in suites:
        path = ROOT / "suites" / f"{suite}.yaml"
        published = read_published(ROOT / "reports" / suite / STUDY)
        write_atomic(path, with_header(path.read_text(encoding="utf-8"),
                                       header(published, load_suite(path).profile)))


if __name__ == "__main__":
    main(sys.argv[1:])
