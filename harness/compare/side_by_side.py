"""Two studies, or two runs, side by side: what differs between them first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pyarrow as pa

from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.common.kinds import Kind
from harness.compare.arms import measure_tables
from harness.compare.pairs import Difference, McNemar, differences
from harness.compare.summary import Summary
from harness.compare.uncertainty import Figure
from harness.measure.part import RecordPart
from harness.study.record import Record
from harness.study.study import Study


class Divergence(RecordPart):
    """Something that is not the same on both sides."""

    what: str
    first: str
    second: str


class OnBothSides(RecordPart):
    """A method on both sides; None where a side does not have it."""

    name: str
    first: Figure | None
    second: Figure | None
    difference: float | None
    """Second minus first."""
    low: float | None
    high: float | None
    """95% interval as if the two were independent (method of variance estimates recovery, Zou and
    Donner 2008). They answered the same items, so it is rather wide."""


def check_studies(first: Study, second: Study, items: tuple[int, int]) -> None:
    """Raise HarnessError when the figures of two studies cannot stand side by side.

    `items` are the numbers of test items that all methods of each study answered.
    """
    reasons = {
        "classes": (", ".join(first.labels), ", ".join(second.labels)),
        "data or splits": (first.data.splits_sha256[:16], second.data.splits_sha256[:16]),
        "metric": (first.decide.metric, second.decide.metric),
        "number of test items that every method answered": tuple(map(str, items)),
    }
    for what, (one, other) in reasons.items():
        if one != other:
            raise HarnessError(f"the two cannot be compared: their {what} differ: {one} against "
                               f"{other}", "Compare studies of one task with one test sample.")


def study_divergences(first: Study, second: Study) -> tuple[Divergence, ...]:
    """What two studies do not share in budget, backbones, code, libraries and machine."""
    both = {r.identity.name for r in first.records} & {r.identity.name for r in second.records}
    return differing(*(_study_facts(study, [r for r in study.records if r.identity.name in both])
                        for study in (first, second)))


def lines(first: Summary, second: Summary) -> tuple[OnBothSides, ...]:
    """Every method of either study, in the first one's order."""
    sides = [{row.name: row.common.get(first.metric) for row in summary.rows}
             for summary in (first, second)]
    return tuple(_line(name, sides[0].get(name), sides[1].get(name))
                 for name in dict.fromkeys(chain(*sides)))


def run_divergences(first: Record, second: Record) -> tuple[Divergence, ...]:
    """What two runs do not share."""
    return differing(_run_facts(first), _run_facts(second))


def compare_runs(first: Record, second: Record, tables: Mapping[str, pa.Table]
                 ) -> tuple[int, dict[str, Difference], McNemar | None]:
    """Items both answered, first minus second in every metric, and the exact test.

    Paired over items alone: a run is one seed. Raises HarnessError where the runs have no result,
    another task or no item in common.
    """
    for record in (first, second):
        if record.status.state != "ok":
            raise HarnessError(f"run {record.identity.run_id} has no result: "
                               f"{record.status.reason}", "Compare finished runs.")
    if first.kind is None:
        raise AssertionError  # both are done, so that cannot be
    found = compare_answers(first.kind, tuple(tables[r.identity.run_id] for r in (first, second)))
    return found.items, found.differences, found.test


@dataclass(frozen=True)
class Apart:
    """Two tables of answers on the items that both have."""

    items: int
    differences: dict[str, Difference]
    """First minus second, paired over items alone."""
    test: McNemar | None
    ids: tuple[str, ...]
    said: np.ndarray
    """[2, items] of str."""
    right: np.ndarray
    """[items] of str."""

    @property
    def others(self) -> list[int]:
        """Places of the items that are answered otherwise, as an answer is read."""
        return [int(place) for place in np.flatnonzero(self.said[0] != self.said[1])]


def compare_answers(kind: Kind, tables: Sequence[pa.Table]) -> Apart:
    """Two tables of answers of one kind of task. Raises HarnessError where they have other classes
    or no item in common."""
    labels = [[c[2:] for c in table.column_names if c.startswith("p:")] for table in tables]
    items = [set(table["item"].to_pylist()) for table in tables]
    if labels[0] != labels[1] or not items[0] & items[1]:
        raise HarnessError("the two cannot be compared: they answered other "
                           + ("classes" if labels[0] != labels[1] else "test items"),
                           "Compare runs, or exports, of one task.")
    measured = measure_tables(("1", "2"), tables, kind, labels[0])
    found: dict[str, Difference] = {}
    for metric in measured.metrics:
        samples = [s for place in (0, 1)
                   if (s := measured.sampled(str(place), [place], metric.name))]
        for gap in differences(metric, samples, measured.pool).values():
            found[metric.name] = gap
    return Apart(len(measured.items), found, measured.tests_of([0, 1])[0], measured.items,
                 measured.given, measured.targets)


def _line(name: str, first: Figure | None, second: Figure | None) -> OnBothSides:
    if first is None or second is None:
        return OnBothSides(name=name, first=first, second=second, difference=None, low=None,
                           high=None)
    gap = second.mean - first.mean
    below = np.hypot(second.mean - second.low, first.high - first.mean)
    above = np.hypot(second.high - second.mean, first.mean - first.low)
    return OnBothSides(name=name, first=first, second=second, difference=gap,
                       low=gap - float(below), high=gap + float(above))


def _study_facts(study: Study, shared: Sequence[Record]) -> dict[str, str]:
    """Code and libraries are told of the records of methods that the other study has, too: each
    method has its own."""
    facts = {"profile": study.profile, "suite file": study.suite_sha256[:12]}
    facts |= {f"budget: {name}": str(value) for name, value in study.budget.items()}
    for backbone in study.backbones:
        facts[f"{backbone.name}: weights"] = backbone.sha256[:12]
        facts |= {f"{backbone.name}: {name}": str(value)
                  for name, value in backbone.budget.items()}
    return facts | _made(shared) | (_surroundings(study.records) if study.records else {})


def _run_facts(record: Record) -> dict[str, str]:
    identity = record.identity
    facts = {"method": identity.label, "backbone": str(identity.backbone),
             "seed": str(identity.seed), "task": identity.task_sha256[:12],
             "weights": str(identity.backbone_sha256)[:12]}
    facts |= {f"option {name}": str(value) for name, value in identity.options.items()}
    facts |= {f"budget: {name}": str(value) for name, value in identity.budget.items()}
    return facts | _made([record]) | _surroundings([record])


def _made(records: Sequence[Record]) -> dict[str, str]:
    """By what code and libraries records were computed."""
    codes = sorted({r.identity.code_sha256 for r in records})
    libraries = {name: v for r in records for name, v in r.identity.libraries.items()}
    return {"computing code": (codes[0] if len(codes) == 1 else sha256_json(codes))[:12]} | {
        f"library {name}": libraries[name] for name in sorted(libraries)}


def _surroundings(records: Sequence[Record]) -> dict[str, str]:
    identity, where = records[0].identity, records[0].environment
    # Of a study only what learns by gradient does so on several devices.
    together = {f"{r.identity.devices}{' sharded' if r.identity.sharded else ''}" for r in records}
    return {"device": where.device, "threads": str(where.threads),
            "devices": ", ".join(sorted(together)), "autocast": identity.autocast,
            "Python": where.python, "commit": (where.commit or "unknown")[:12]}


def differing(first: Mapping[str, str], second: Mapping[str, str]) -> tuple[Divergence, ...]:
    """The facts that are not the same, by what they are about."""
    return tuple(Divergence(what=what, first=first.get(what, "–"), second=second.get(what, "–"))
                 for what in dict.fromkeys(chain(first, second))
                 if first.get(what) != second.get(what))
