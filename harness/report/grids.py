"""What validation chose among: every setting that a search was tried with, and the chosen one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.common.kinds import MRR
from harness.report import words
from harness.report.published import Published
from harness.study.record import Record, TrialRecord
from harness.targets.kinds import says

HEADINGS = ("method", "setting", "by", "validation", "seconds", "chosen")
CALLED = {"k": "{} found", "search": "{}", "score": "scored {}", "learning_rate": "rate {:.3g}"}
"""How a setting's values are said, by name; others as `name value`."""
FIGURES = {MRR: "MRR of the document"}


@dataclass(frozen=True)
class Tried:
    """One setting of one method."""

    name: str
    setting: str
    by: str
    score: float | None
    seconds: float
    chosen: bool
    failure: str | None

    @property
    def cells(self) -> tuple[str, ...]:
        """For tables, in the order of `HEADINGS`."""
        return (self.name, self.setting, self.by, self.said, words.seconds(self.seconds),
                "✓" if self.chosen else "")

    @property
    def said(self) -> str:
        """What validation said of it."""
        if self.score is not None:
            return f"{self.score:.3f}"
        return self.failure or words.ABSENT


def tried(published: Published) -> list[Tried]:
    """Of the first seeds of methods that find texts and tried several settings, in the study's
    order."""
    return [row for record in published.study.whole() for row in _of(record)]


def markdown(published: Published) -> list[str]:
    """A table of them; nothing where there are none."""
    rows = tried(published)
    if not rows:
        return []
    return ["## Settings of what finds texts", "",
            "What validation said of each that was tried, first seed; all methods try as many. "
            "Seconds are stand-alone; what several settings share is with the first.", "",
            f"| {' | '.join(HEADINGS)} |", f"|---{'|---' * (len(HEADINGS) - 1)}|",
            *("| " + " | ".join(map(words.cell, row.cells)) + " |" for row in rows), ""]


def _of(record: Record) -> Iterator[Tried]:
    if record.identity.seed or record.retrieval is None or len(record.trials) < 2:
        return
    by = record.ending.chosen_by if record.ending else ""
    for trial in record.trials:
        yield Tried(record.identity.name, _said(trial), FIGURES.get(by) or says(by), trial.score,
                    trial.seconds, trial.setting == record.setting, trial.failure)


def _said(trial: TrialRecord) -> str:
    return ", ".join(CALLED.get(name, f"{name} {{}}").format(value)
                     for name, value in trial.setting.items())
