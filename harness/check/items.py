"""Classes, duplicates by fold, columns and lengths: what counting alone tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.check.finding import Finding, shown
from harness.common.capabilities import INPUTS
from harness.common.kinds import Input
from harness.common.names import listed
from harness.common.text import blank
from harness.targets.kinds import KINDS
from harness.tasks.examples import Example
from harness.tasks.splits import Splits
from harness.tasks.task import Task, class_counts

OVER = "macro F1 is over the classes that they have, and ROC AUC is not defined"
FEW = 10
"""Training items of a class below which a method has hardly anything to learn it from."""
RARE = 0.01
CONFLICTS = {"error": 0.2, "warning": 0.0}
CUT = 0.1


def check_classes(task: Task, splits: Splits) -> Iterator[Finding]:
    """Classes that a part lacks, that have few items, and a majority that hides the rest.

    More budget helps where the data have what the sample lacks, and nowhere else.
    """
    parts = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    counts = {name: Counter(number for e in part for number in e.every_class)
              for name, part in parts.items()}
    whole = {name: class_counts([getattr(task.splits, name)], task.labels) for name in parts}
    for name in parts:
        absent = [label for i, label in enumerate(task.labels) if not counts[name][i]]
        if absent:
            there = all(whole[name][label] for label in absent)
            yield Finding(
                severity="warning" if all(whole["train"][label] for label in absent) else "error",
                check="classes", count=len(absent),
                found=f"the {name} items of this profile have none of {listed(absent)}"
                      + (f": {OVER}" if name == "test" else ""),
                suggestion=f"Raise `budget.{name}`." if there else
                           f"Give {name} items of the class: no budget brings what the data lack.")
    few = [f"{label} ({counts['train'][i]})" for i, label in enumerate(task.labels)
           if 0 < counts["train"][i] < FEW]
    if few:
        yield Finding(severity="warning", check="classes", count=len(few),
                      found=f"fewer than {FEW} training items: {listed(few)}",
                      suggestion="Raise `budget.train`, or merge classes.")
    if not KINDS[task.kind].tagged:
        yield from _balance(task, splits.test)


def _balance(task: Task, test: Sequence[Example]) -> Iterator[Finding]:
    classes, most = Counter(e.every_class for e in test).most_common(1)[0]
    if most / len(test) > 0.9:
        answer = ", ".join(task.labels[number] for number in classes) or "of no class"
        yield Finding(severity="warning", check="balance", count=most,
                      found=f"{most / len(test):.0%} of the test items are {answer}: "
                            "answering that alone has this accuracy",
                      suggestion="Decide by macro F1 or ROC AUC, not by accuracy.")


@dataclass(frozen=True)
class Same:
    """How findings speak of items of an input."""

    told: str
    """By what two are the same, in brackets."""
    empty: str
    """Of rows that have nothing to read."""
    mend: str


SAME: Mapping[Input, Same] = {
    "text": Same(" (case, white space and Unicode form folded)",
                 "rows have no text and are left out", "Is this the right text column?"),
    "image": Same(" (the same pixels)", "files are no pictures and are left out", "Mend them.")}


def check_rows(task: Task) -> Iterator[Finding]:
    """Rows that were left out on reading."""
    facts, kind = task.facts, KINDS[task.kind]
    one, same = INPUTS[task.input].one, SAME[task.input]
    fix = ", or make the task multi-label" if kind.classes and not kind.several else ""
    if facts.conflicting:
        share = facts.conflicting / facts.rows
        yield Finding(
            severity="error" if share > CONFLICTS["error"] else "warning", check="conflicts",
            found=f"{facts.conflicting:,} rows ({share:.1%}) have a {one} that also stands under "
                  f"another {kind.answer}: all of them are left out",
            count=facts.conflicting, examples=facts.conflicts,
            suggestion=f"Mend the labels{fix}.")
    if facts.duplicates:
        yield Finding(severity="note", check="duplicates", count=facts.duplicates,
                      found=f"{facts.duplicates:,} rows repeat a {one} and its label{same.told} "
                            "and are left out",
                      suggestion="Nothing to do.")
    if facts.empty:
        yield Finding(severity="warning", check="empty", count=facts.empty,
                      found=f"{facts.empty:,} {same.empty}", examples=facts.faults,
                      suggestion=same.mend)
    if facts.unlabelled:
        yield Finding(severity="warning", check="empty", count=facts.unlabelled,
                      found=f"{facts.unlabelled:,} rows have no label and are left out",
                      suggestion="Label them; or is this not the column of the class?")
    if facts.groups == facts.kept:
        yield Finding(severity="note", check="groups", count=facts.groups,
                      found="every item is a group of its own",
                      suggestion="Name a group column where items belong together.")


def check_columns(items: Sequence[Example]) -> Iterator[Finding]:
    """Slices and second texts that are empty or always the same."""
    names = sorted({name for e in items for name in e.slices})
    columns = {f"slice '{name}'": [e.slices.get(name, "") for e in items] for name in names}
    if any(e.pair is not None for e in items):
        columns["the second text"] = [e.pair or "" for e in items]
    for name, values in columns.items():
        empty = sum(map(blank, values))
        if empty:
            yield Finding(severity="warning", check="columns", count=empty,
                          found=f"{name} is empty for {empty:,} of {len(values):,} items",
                          suggestion="Fill it, or leave it out of the suite.")
        if len(set(values)) == 1 and not empty:
            yield Finding(severity="warning", check="columns", count=len(values),
                          found=f"{name} is the same for all items", suggestion="Leave it out.")


def check_lengths(cut: dict[str, tuple[float, int]]) -> Iterator[Finding]:
    """`cut` is, by backbone, the share of training items that do not fit, and the length."""
    for backbone, (share, length) in cut.items():
        if share > CUT:
            yield Finding(severity="warning", check="lengths", count=round(100 * share),
                          found=f"{share:.0%} of the training texts are longer than the {length} "
                                f"tokens that {backbone} reads: their ends are cut",
                          suggestion="Raise `budget.max_length`, or split the texts.")


def check_leaks(task: Task) -> Iterator[Finding]:
    """Texts and groups that stand in two of the splits that the data came with: in all of it, not
    only in the items of a profile."""
    facts = task.facts
    for leak in facts.leaks:
        what = ("groups" if leak.what == "groups"
                else INPUTS[task.input].items + SAME[task.input].told)
        found = f"{leak.count:,} {what} stand in two of the given splits"
        if facts.leaked:
            yield Finding(severity="warning", check="leakage", count=leak.count,
                          found=f"{found}: the earlier split is without them, and so without "
                                f"{facts.leaked:,} items in all", examples=leak.examples,
                          suggestion="Figures are of splits that are not quite those given.")
        else:
            yield Finding(severity="error", check="leakage", count=leak.count,
                          found=f"{found}: figures on them tell of memory",
                          examples=leak.examples,
                          suggestion="Mend the data, or set `leaks: drop` in the suite's `task`: "
                                     "train and validation go without them.")


def check_test(splits: Splits) -> Iterator[Finding]:
    """Test texts that stand in training: never, as the splits are drawn; looked at all the same."""
    seen = {e.id for e in splits.train} | {e.id for e in splits.validation}
    both = [e for e in splits.test if e.id in seen]
    if both:
        yield Finding(severity="error", check="leakage", count=len(both), examples=shown(both),
                      found=f"{len(both)} test items stand in training or validation too",
                      suggestion="Mend the splits.")
