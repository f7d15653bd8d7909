"""What was understood of a data set, at the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.check.finding import Finding
from harness.common.capabilities import INPUTS
from harness.common.kinds import AnswerLines
from harness.common.text import excerpt, plain
from harness.report.checked import print_findings
from harness.report.lines import print_lines
from harness.report.shown import Shown
from harness.targets.kinds import KINDS
from harness.tasks.describe import Described
from harness.tasks.examples import SPLITS, SplitName
from harness.tasks.ledger import Facts
from harness.tasks.task import Task

if TYPE_CHECKING:  # their memory, when the table's is needed
    import pandas as pd
    import plotly.graph_objects as go

SHOWN, LENGTH = 20, 60
ANSWER_LINES: dict[AnswerLines, str] = {"one": "on one line", "all": "on several lines"}


@dataclass(frozen=True, repr=False)
class Begun(Shown):
    """A new suite, and what was understood of its data. It may be given wherever a suite is named.

    As a frame a row a class, the most frequent first: `class`, `items`, `share` (of the items that
    are kept, 0 to 1) and `values` (a tuple of its spellings in the data); none of numbers.
    """

    path: Path
    found: Described
    task: Task
    grouped: bool
    """Whether a column says what texts belong together."""
    findings: tuple[Finding, ...]
    steps: tuple[str, ...]
    """What to do now."""

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def verdict(self) -> str:
        """Where the suite lies, and how many items there are, in how many classes or which numbers.
        """
        items = f"{self.path}: {self.task.facts.kept:,} items"
        if self.found.answer_words is not None:
            return f"{items}, answered in {self.found.answer_words[0]} words in the median"
        if self.found.extent is not None:
            return f"{items}, numbers from {self.found.extent[0]:g} to {self.found.extent[2]:g}"
        return f"{items} in {len(self.found.classes)} classes"

    def print_on(self, console: Console) -> None:
        """Rows and their fates, splits, classes, lengths; findings; what to do now."""
        print_described(console, self.found, self.task, grouped=self.grouped)
        print_findings(console, self.findings)
        print_lines(console, (f"suite: {self.path}", *self.steps))

    def to_pandas(self) -> pd.DataFrame:
        """A row a class."""
        import pandas as pd

        kept = self.task.facts.kept
        return pd.DataFrame([{"class": name, "items": items, "share": items / kept,
                              "values": self.found.values.get(name, ())}
                             for name, items in self.found.classes.items()])

    def plot(self) -> go.Figure:
        """Items by class."""
        from harness.report.plotted import bars

        return bars({"items": self.found.classes}, "items")


def print_described(console: Console, found: Described, task: Task, *, grouped: bool) -> None:
    """Rows and their fates, splits, classes, lengths."""
    facts, called = task.facts, INPUTS[task.input].one
    _print_rows(console, found, facts, called)
    _print_labels(console, found, facts.kept)
    _print_splits(console, found, task)
    if found.classes:
        _print_classes(console, found, facts.kept)
    console.print(_extent(found), highlight=False)
    console.print(f"groups: {facts.groups:,}" + ("" if grouped else
                  f" (every {called} its own: name them with --group where {called}s belong "
                  "together, or near-duplicates may stand in training and test)"), highlight=False)


def _print_rows(console: Console, found: Described, facts: Facts, called: str) -> None:
    fates = (f"{facts.empty:,} without text or answer" if KINDS[found.kind].questions else
             f"{facts.conflicting:,} with one {called} under another {KINDS[found.kind].answer}, "
             f"{facts.unlabelled:,} without a label, {facts.empty:,} without {called}")
    console.print(f"{facts.rows:,} rows: {facts.kept:,} kept; left out: {facts.duplicates:,} "
                  f"duplicates, {fates}", highlight=False)
    for fault in facts.faults:
        console.print(f"left out: {fault}", markup=False, highlight=False, style="yellow")


def _print_labels(console: Console, found: Described, kept: int) -> None:
    """What labels are, where they are not the name of one class."""
    if found.extent is not None:
        least, middle, most = found.extent
        console.print(f"labels are numbers: {least:g} to {most:g}, {middle:g} in the median",
                      highlight=False)
    if found.answer_words is not None:
        middle, most_of, longest = found.answer_words
        console.print(f"answers are words: {middle} in the median, {most_of} in the 90th "
                      f"percentile, {longest:,} at most; up to {found.answer_tokens} tokens, "
                      f"{ANSWER_LINES[found.answer_lines]}", highlight=False)
    kind = KINDS[found.kind]
    if kind.tagged:
        console.print(f"labels are spans of the texts: none in {found.without:,}", highlight=False)
    elif kind.several:
        between = found.options.get("separator")
        told = f"separated by '{between}'" if between else "in lists"
        mean = sum(found.classes.values()) / kept
        console.print(f"a text may have several classes ({told}): {mean:.2f} in the mean, none for "
                      f"{found.without:,}", markup=False, highlight=False)
    if found.separator is not None:
        sign = found.separator.sign
        console.print(f"{found.separator.share:.0%} of the labels hold '{sign}': say --separator "
                      f"'{sign}' where a text may have several classes, --separator none where not",
                      markup=False, highlight=False, style="yellow")


def _print_splits(console: Console, found: Described, task: Task) -> None:
    """How many items they have, and what stands in two of those that were given."""
    sizes = {name: len(getattr(task.splits, name)) for name in SPLITS}
    console.print("splits: " + ", ".join(
        f"{count:,} {name} ({_origin(name, found.given)})" for name, count in sizes.items()),
        highlight=False)
    for leak in task.facts.leaks:
        console.print(f"error: {leak.count:,} {leak.what} stand in two of the given splits; no run "
                      "before they are mended, or `leaks: drop` is set in the suite:",
                      *leak.examples, sep="\n  ", markup=False, highlight=False, style="red")


def _extent(found: Described) -> str:
    """How long texts, or how large pictures are."""
    sizes, (median, most_of, longest) = found.sizes, found.words
    if sizes is None:
        return (f"texts: {median} words in the median, {most_of} in the 90th percentile, "
                f"{longest:,} at most; read up to {found.max_length} tokens")
    width, height = sizes.commonest
    if sizes.alike:
        return f"pictures: all {width:,} × {height:,} pixels"
    return (f"pictures: sides of {sizes.least:,} to {sizes.most:,} pixels, the shorter "
            f"{sizes.shorter:,} in the median; {sizes.share:.0%} are {width:,} × {height:,}")


def _print_classes(console: Console, found: Described, kept: int) -> None:
    table = Table("class", box=SIMPLE_HEAD, pad_edge=False)
    for column in ("items", "share"):
        table.add_column(column, justify="right")
    for label, count in list(found.classes.items())[:SHOWN]:
        table.add_row(escape(excerpt(plain(label), LENGTH)), f"{count:,}", f"{count / kept:.1%}")
    console.print(table)
    for label, spelt in found.values.items():
        if len(spelt) > 1:
            console.print(f"taken as one class: {', '.join(map(repr, spelt))} ({label})",
                          markup=False, highlight=False)
    if len(found.classes) > SHOWN:
        console.print(f"and {len(found.classes) - SHOWN} more classes", highlight=False)


def _origin(name: SplitName, given: tuple[SplitName, ...]) -> str:
    if name in given:
        return "as given"
    return "dealt from train" if given else "dealt"
