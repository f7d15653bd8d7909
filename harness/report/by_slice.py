"""Slices in words, for every view."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.compare.by_slice import LEAST_GROUPS, LEAST_ITEMS
from harness.compare.fairness import Change, Fairness, Gap, MethodSlices, SliceColumn, SliceSize
from harness.compare.uncertainty import Figure
from harness.report import words
from harness.report.published import Published
from harness.targets.kinds import says


@dataclass(frozen=True)
class GapLine:
    """A method's gap in one measure."""

    method: MethodSlices
    measure: str
    gap: Gap
    change: Change | None

    @property
    def worst(self) -> str:
        """The slice that is worst off, with its figure."""
        return words.ABSENT if self.gap.worst is None else self._shown(self.gap.worst)

    @property
    def other(self) -> str:
        """The slice at the other end; both, from the lowest, where neither end is better."""
        ends = (self.gap.lowest, self.gap.highest)
        return ", ".join(self._shown(end) for end in ends if end != self.gap.worst)

    @property
    def width(self) -> str:
        """The gap with its interval."""
        return f"{self.gap.difference:.3f} [{self.gap.low:.3f}, {self.gap.high:.3f}]"

    @property
    def moved(self) -> str:
        """The change of the gap with its interval."""
        c = self.change
        return words.ABSENT if c is None else words.interval(c.difference, c.low, c.high)

    @property
    def adjusted(self) -> str:
        """The p-value after the correction."""
        known = self.change and self.change.adjusted is not None
        return f"{self.change.adjusted:.2g}" if self.change and known else words.ABSENT

    @property
    def answer(self) -> str:
        """What the method does to the gap."""
        return (self.change and self.change.answer) or words.ABSENT

    def _shown(self, value: str) -> str:
        return f"{value} {self.method.figures[self.measure][value].mean:.3f}"


@dataclass(frozen=True)
class Cell:
    """A method's figure of one slice."""

    method: str
    slice: SliceSize
    measure: str
    figure: Figure


def cells(column: SliceColumn) -> Iterator[Cell]:
    """Every figure by slice, the largest slices first."""
    for method in column.methods:
        for measure, figures in method.figures.items():
            for size in column.slices:
                if size.value in figures:
                    yield Cell(method.name, size, measure, figures[size.value])


def axis(shown: Sequence[Cell], measure: str) -> tuple[float, float]:
    """What whiskers of a measure are drawn on: a little more than 0 to 1, or than 0 to the highest
    end of those that are shown."""
    most = max([1.0, *(cell.figure.high for cell in shown if cell.measure == measure)])
    return -0.05 * most, 1.05 * most


def lines(column: SliceColumn) -> Iterator[GapLine]:
    """Every method and measure that has a gap."""
    for method in column.methods:
        for measure, gap in method.gaps.items():
            yield GapLine(method, measure, gap, method.changes.get(measure))


def explained(found: Fairness) -> str:
    """What is compared, and with what care."""
    binary = ("" if found.positive is None else
              f" Selection is of {found.positive}; the two error rates are of answering it, or "
              "not, where it is wrong to. The selection rate is not judged: a model that is "
              "always right selects as often as the slices differ.")
    return ("Test items that every method answered, by the value of a slice column; intervals "
            "are of 95%, on the same draws by group as all others, over items and seeds. The gap "
            "is the highest figure of a slice minus the lowest; its interval counts with the two "
            "being picked among all. The change is a method's gap minus that of the untuned "
            "method it is held against, on the same items; it “amplifies” or “reduces” the gap "
            "only where that holds at 5% after Holm's correction over all "
            f"{found.tests} such comparisons here. Macro F1 is compared between slices that have "
            f"the same classes.{binary}")


def described(column: SliceColumn) -> list[str]:
    """What a reader must know of a column: sizes, and what is not compared."""
    enough = [s for s in column.slices if s.enough]
    small = [s for s in column.slices if not s.enough]
    said = []
    if len(enough) < 2:
        said.append(f"{_counted(len(enough), 'slice')} with enough items: there is no gap to "
                    "compare.")
    if small:
        named = ", ".join(f"{s.value} ({_counted(s.items, 'item')} in "
                          f"{_counted(s.groups, 'group')})" for s in small[:10])
        more = f" and {len(small) - 10} more" if len(small) > 10 else ""
        said.append(f"Too small to tell, with fewer than {LEAST_ITEMS} items or {LEAST_GROUPS} "
                    f"groups: {named}{more}.")
    if column.left_out:
        said.append(f"Smaller, and not compared: {_counted(column.left_out, 'slice')}.")
    if column.without:
        said.append(f"Without a value: {_counted(column.without, 'item')}.")
    return said + answered(column)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def answered(column: SliceColumn) -> list[str]:
    """Which methods amplify or reduce a gap, and of which nothing can be told."""
    by: dict[str, list[str]] = {}
    for method in column.methods:
        if method.answer is not None:
            by.setdefault(method.answer, []).append(method.name)
    said = {"amplifies": "A gap is amplified by", "reduces": "A gap is reduced by",
            "cannot tell": "Cannot tell for"}
    return [f"{said[answer]} {', '.join(by[answer])}." for answer in said if answer in by]


def amplified(published: Published) -> list[str]:
    """Each gap that adapting is shown to widen."""
    if published.fairness is None:
        return []
    return [f"{line.method.name} amplifies the gap in {says(line.measure)} between "
            f"slices of {column.name}, by {line.moved} against {line.method.reference}: "
            f"{line.worst} against {line.other}"
            for column in published.fairness.columns for line in lines(column)
            if line.change and line.change.answer == "amplifies"]


def markdown(published: Published) -> list[str]:
    """The section of `report.md`; nothing without slices."""
    if published.fairness is None:
        return []
    said = ["## Slices", "", words.cell(explained(published.fairness)), ""]
    for column in published.fairness.columns:
        said += [f"### {words.cell(column.name)}", "",
                 *(f"- {words.cell(line)}" for line in described(column)), ""]
        said += _figures(column) + _gaps(column)
    return said


def _figures(column: SliceColumn) -> list[str]:
    """The first measure by slice; every other one is in study.json and on the page."""
    first = next((cell.measure for cell in cells(column)), "")
    shown = {cell.slice.value for cell in cells(column) if cell.measure == first}
    enough = [s for s in column.slices if s.value in shown]
    if not enough:
        return []
    heads = " | ".join(f"{words.cell(s.value)} ({s.items})" for s in enough)
    said = [f"| {says(first)} of | {heads} |", f"|---{'|---' * len(enough)}|"]
    for method in column.methods:
        figures = [method.figures[first][s.value] for s in enough]
        row = [method.name, *(f"{words.spread(f)} [{words.within(f)}]" for f in figures)]
        said.append("| " + " | ".join(map(words.cell, row)) + " |")
    return [*said, ""]


def _gaps(column: SliceColumn) -> list[str]:
    rows = ["| " + " | ".join(words.cell(cell) for cell in (
        line.method.name, says(line.measure), line.worst, line.other, line.width,
        line.method.reference or words.ABSENT, line.moved, line.adjusted, line.answer)) + " |"
        for line in lines(column)]
    if not rows:
        return []
    return ["| method | measure | worst slice | other end | gap | held against | change of the "
            "gap | p, corrected | |", "|---|---|---|---|---|---|---|---|---|", *rows, ""]
