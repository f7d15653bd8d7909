"""`report.md`: for pull requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.compare.curves import LearningCurves
from harness.compare.freshness import Freshness
from harness.compare.row import Row
from harness.measure.retrieval import PassageRetrieval, Retrieval
from harness.report import (
    added,
    alike,
    as_shipped,
    bargain,
    beside,
    by_slice,
    calibrated,
    carried,
    columns,
    grids,
    picture_time,
    ranking,
    sentences,
    served,
    traded,
    words,
)
from harness.report.published import Published
from harness.study.record import Record
from harness.study.study import DataFacts
from harness.targets.kinds import KINDS, says


def markdown(published: Published) -> str:
    """The study as Markdown."""
    study, summary = published.study, published.summary
    metric = says(summary.metric)
    others = [other.says for other in KINDS[study.kind].beside_of(summary.metric)]
    lines = [
        f"# {words.cell(study.title)}", "",
        *_verdict(published),
        f"Suite `{study.suite}`, profile `{study.profile}`, {study.created}. "
        f"Mean over seeds ± standard deviation; {metric} on "
        f"{ranking.items(summary)}, {words.listed(others)} on all test items of the method's "
        "budget. Forgetting is the change on general benchmarks against the untouched backbone, "
        "in percentage points, with its 95% interval over items. Adaptation is the stand-alone "
        "time of trials and fit.", "",
        *_table(published)]
    failed = [row for row in summary.rows if row.reason]
    if failed:
        lines += ["## Runs without a result", "",
                  *(f"- {words.cell(row.name)}: {words.cell(row.reason or '')}" for row in failed),
                  ""]
    lines += [text for line in (*carried.lines(published), *served.lines(published),
                                 *picture_time.lines(published))
              for text in (words.cell(line), "")]
    lines += _curves(published.curves)
    lines += [f"- {words.cell(line)}" for line in bargain.said(published)]
    lines += _beside(published)
    lines += as_shipped.markdown(published)
    lines += calibrated.markdown(published)
    lines += _freshness(published.freshness)
    lines += _retrieval(study.whole(), added.lines(published))
    lines += grids.markdown(published)
    lines += _trades(published)
    lines += _forgetting(study.whole())
    lines += by_slice.markdown(published)
    lines += _findings(published)
    lines += _conditions(published)
    return "\n".join([*lines, *_rules(published), *_made_of(published)]) + "\n"


def _rules(published: Published) -> list[str]:
    return ["## Matching rules", "", "| rule | held | evidence |", "|---|---|---|",
            *(f"| {rule.name} | {_held(rule.held)} | {words.cell(rule.evidence)} |"
              for rule in published.rules), ""]


def _made_of(published: Published) -> list[str]:
    """Data, backbones, and where it was measured."""
    study = published.study
    lines = ["## Data and backbones", "", _data(published), ""]
    for backbone in study.backbones:
        remarks = f" Note: {'; '.join(backbone.notes)}." if backbone.notes else ""
        lines.append(f"- `{words.cell(backbone.name)}` ({backbone.kind}): "
                     f"{words.cell(backbone.origin)}, content {backbone.sha256[:12]}.{remarks}")
    if study.records:
        where = study.records[0].environment
        lines += ["", f"Measured on {words.cell(where.device)}, {where.threads} threads, autocast "
                      f"{where.autocast}, Python {where.python}, commit "
                      f"{(where.commit or 'unknown')[:12]}{' (dirty)' if where.dirty else ''}."]
    return lines


def _table(published: Published) -> list[str]:
    summary = published.summary
    beside = KINDS[published.study.kind].beside_of(summary.metric)
    shown = columns.picked(summary, columns.MARKDOWN[0], [metric.name for metric in beside],
                           columns.MARKDOWN[1])
    return [f"| method | backbone | {' | '.join(column.short for column in shown)} |",
            "|---|---" + "|---" * len(shown) + "|",
            *(_row(row, shown) for row in summary.rows), ""]


def _beside(published: Published) -> list[str]:
    """The arms of other budgets: those that are alone, then those that are ranked."""
    alone = beside.shown(published)
    lines = ["## Shown beside", "", *(f"- {words.cell(line)}" for line in alone), ""]
    lines = lines if alone else []
    for part, view in beside.ranked(published):
        lines += [f"## {words.cell(part.title)}", "",
                  f"**{words.cell(sentences.headline(view))}**", "",
                  words.cell(" ".join(sentences.why(view))), "",
                  *(text for line in alike.doubts(view) for text in (words.cell(line), "")),
                  words.cell(ranking.standing(view.summary)), "", *_table(view)]
        lines += [f"- {words.cell(row.name)}: {words.cell(row.reason)}"
                  for row in view.summary.rows if row.reason]
        lines += _curves(view.curves)
    return lines


def _conditions(published: Published) -> list[str]:
    """What every arm was given; marked where it is unlike the others."""
    lines = []
    for title, rows in alike.tables(published):
        lines += [f"### {words.cell(title)}" if title else "## Matching", ""]
        lines += [] if title else [
            "What every arm was given and how far it came with it, first seed. **✗** marks what is "
            "unlike the arms that it is ranked with, or in doubt, in any seed.", ""]
        lines += [f"| method | {' | '.join(alike.HEADINGS)} |",
                  f"|---{'|---' * len(alike.HEADINGS)}|"]
        lines += ["| " + " | ".join([words.cell(row.name), *(
            words.cell(text) + (" **✗**" if unlike else "") for text, unlike in alike.cells(row))])
            + " |" for row in rows]
        lines.append("")
    return lines


def _findings(published: Published) -> list[str]:
    found = published.study.findings
    if not found:
        return []
    return ["## Checks of the data", "", "| | check | found | what to do |", "|---|---|---|---|",
            *(f"| {f.severity} | {f.check} | {words.cell(f.found)} | {words.cell(f.suggestion)} |"
              for f in found), ""]


def _row(row: Row, shown: Sequence[columns.Column]) -> str:
    cells = [row.label, row.backbone or words.ABSENT, *(column.shown(row) for column in shown)]
    return "| " + " | ".join(words.cell(cell) for cell in cells) + " |"


def _verdict(published: Published) -> list[str]:
    lines = [f"**{words.cell(sentences.headline(published))}**", "",
             words.cell(" ".join(sentences.why(published))), "",
             *(text for line in alike.doubts(published) for text in (words.cell(line), ""))]
    for title, said in (
            ("Other choices", sentences.rivals(published)),
            ("What would change it", sentences.would_change(published)),
            ("As it ships", as_shipped.lines(published)),
            ("Ruled out by a limit", sentences.ruled_out(published.verdict)),
            ("Gaps between slices that adapting widens", by_slice.amplified(published)),
            ("Not measured", sentences.not_measured(published))):
        if said:
            lines += [f"{title}:", "", *(f"- {words.cell(line)}" for line in said), ""]
    return [*lines, words.cell(ranking.standing(published.summary)), ""]


def _curves(found: LearningCurves | None) -> list[str]:
    if found is None:
        return []
    sizes = sorted({point.train for curve in found.curves for point in curve.points})
    lines = ["## Learning curves", "", f"| method | {' | '.join(map(str, sizes))} |",
             f"|---{'|---' * len(sizes)}|"]
    for curve in found.curves:
        at = {point.train: point.figure for point in curve.points}
        cells = [f"{words.spread(at.get(size))} [{words.within(at.get(size))}]" for size in sizes]
        lines.append(f"| {words.cell(curve.name)} | {' | '.join(map(words.cell, cells))} |")
    return [*lines, "", *(f"- {words.cell(line)}" for line in ranking.overtakings(found)), ""]


def _freshness(found: Freshness | None) -> list[str]:
    if found is None:
        return []
    lines = ["## Old and new knowledge", "",
             f"Figures are {says(found.metric)} on {found.old_items} questions about "
             f"documents that were there at training and on {found.new_items} about "
             f"{found.new_documents} that came after, with 95% intervals over documents and seeds. "
             "An update adds the new documents to the index, or tunes as long as the first time.",
             "",
             "| method | old | new | old minus new | an update takes | by |",
             "|---|---|---|---|---|---|"]
    lines += ["| " + " | ".join(words.cell(cell) for cell in (
        row.name, f"{words.spread(row.old)} [{words.within(row.old)}]",
        f"{words.spread(row.new)} [{words.within(row.new)}]",
        words.interval(row.gap.mean, row.gap.low, row.gap.high),
        words.seconds(row.update_seconds), row.update_by or words.ABSENT)) + " |"
        for row in found.rows]
    return [*lines, ""]


def _retrieval(records: tuple[Record, ...], together: Sequence[str]) -> list[str]:
    """What the first seeds' searches over passages found, and whether what it brings adds up."""
    names = {r.identity.run_id: r.identity.name for r in records}
    found = [f"{r.identity.name}: {r.retrieval.indexed} passages, {r.retrieval.index}"
             f"{_tuned_by(r, names)}; {words.found(r.retrieval)}." for r in records
             if r.identity.seed == 0 and isinstance(r.retrieval, PassageRetrieval)]
    found += [f"{r.identity.name}: {words.cited(r.citations)}." for r in records
              if r.identity.seed == 0 and r.citations]
    found += [f"{r.identity.name}: {r.retrieval.indexed} training items; "
              f"{words.neighbours(r.retrieval)}." for r in records
              if r.identity.seed == 0 and isinstance(r.retrieval, Retrieval)
              and r.retrieval.untuned is not None]
    said = [f"- {words.cell(line)}" for line in (*together, *found)]
    return ["## Retrieval", "", *said, ""] if said else []


def _tuned_by(record: Record, names: Mapping[str, str]) -> str:
    """What tuned the embedder that a run finds by."""
    below = names.get(record.identity.retriever or "")
    return f", by the embedder of {below}" if below else ""


def _trades(published: Published) -> list[str]:
    """What tuning gained beside what it forgot."""
    found = traded.trades(published)
    if not found:
        return []
    lines = ["## Gain against forgetting", "", "The gain in the deciding metric over the untouched "
             "backbone asked as it is, or else over the best method that leaves its weights alone, "
             "paired by item, beside the change on general benchmarks; 95% intervals.", "",
             "| " + " | ".join(traded.headings(published)) + " |", "|---|---|---|--:|--:|--:|"]
    return [*lines, *("| " + " | ".join(map(words.cell, one.cells)) + " |" for one in found), ""]


def _forgetting(records: tuple[Record, ...]) -> list[str]:
    """The first seed's benchmarks, before and after."""
    measured = words.forgetting_lines(records)
    if not measured:
        return []
    lines = ["## Forgetting", "", "First seed. Differences in percentage points, with 95% "
             "intervals over items; drift in nats a token on general text, above 0 is worse; "
             "similarity is linear CKA of the features before and after.", "",
             "| method | backbone | benchmark | items | before | after | difference | lost "
             "| gained |", "|---|---|---|---|---|---|---|---|---|"]
    for record, figures in measured:
        name = (words.cell(record.identity.label), words.cell(record.identity.backbone or ""))
        lines += ["| " + " | ".join((
            *name, words.cell(b.asked), str(b.items), f"{b.before:.3f}", f"{b.after:.3f}",
            words.cell(words.points(b.difference, b.low, b.high)), str(b.lost),
            str(b.gained))) + " |"
            for b in figures.benchmarks]
        lines += ["| " + " | ".join((
            *name, f"followed: {what}", str(count), f"{c.before:.3f}", f"{c.after:.3f}",
            words.cell(words.points(c.difference, c.low, c.high)), words.ABSENT, words.ABSENT))
            + " |" for what, count, c in words.followed(figures)]
        if figures.drift:
            d = figures.drift
            lines.append("| " + " | ".join((
                *name, f"drift, {d.tokens} tokens", str(d.passages), f"{d.before:.3f}",
                f"{d.after:.3f}", words.cell(words.drift(figures)),
                words.ABSENT, words.ABSENT)) + " |")
        if figures.similarity is not None:
            lines.append("| " + " | ".join((
                *name, "similarity", words.ABSENT, "1.000", f"{figures.similarity:.3f}",
                words.ABSENT, words.ABSENT, words.ABSENT)) + " |")
    return [*lines, ""]


def _data(published: Published) -> str:
    data = published.study.data
    classes = ", ".join(f"{words.cell(name)} {n}" for name, n in data.by_class.items())
    corpus = "" if data.documents is None else (
        f"Corpus: {data.documents} documents, {data.new_documents} new after training, in "
        f"{data.passages} passages. ")
    return (f"{corpus}{words.cell(data.origin)}: {data.rows} rows; {data.kept} kept in "
            f"{data.groups} groups{f' ({classes})' if classes else ''}; left out: "
            f"{data.duplicates} duplicates, {data.conflicting} with conflicting labels, "
            f"{data.other_label} with other labels, {data.unlabelled} without a label, "
            f"{data.empty} empty. "
            f"Splits {data.train} / {data.validation} / {data.test}"
            f"{f' and {data.calibration} to calibrate on' * bool(data.calibration)}, "
            f"{words.COUNTED[data.over]}." + _spread(data))


def _spread(data: DataFacts) -> str:
    if not data.spread:
        return ""
    lines = ["", "", "| " + " | ".join(("part", "class", *words.GROUPED)) + " |",
             "|---|---|" + "--:|" * len(words.GROUPED)]
    lines += ["| " + " | ".join((row.part, words.cell(row.label or "all"), *words.grouped(row)))
              + " |" for row in data.spread]
    return "\n".join(lines)


def _held(held: bool | None) -> str:
    return {True: "yes", False: "**no**", None: "not applicable"}[held]
