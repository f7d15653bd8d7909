"""Two studies, or two runs, side by side: what differs between them first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np
import pyarrow as pa

from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.compare.arms import Arm, measure_arms
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
    return _differing(*(_study_facts(study, [r for r in study.records if r.identity.name in both])
                        for study in (first, second)))


def lines(first: Summary, second: Summary) -> tuple[OnBothSides, ...]:
    """Every method of either study, in the first one's order."""
    sides = [{row.name: row.common.get(first.metric) for row in summary.rows}
             for summary in (first, second)]
    return tuple(_line(name, sides[0].get(name), sides[1].get(name))
                 for name in dict.fromkeys(chain(*sides)))


def run_divergences(first: Record, second: Record) -> tuple[Divergence, ...]:
    """What two runs do not share."""
    return _differing(_run_facts(first), _run_facts(second))


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
    labels = [[c[2:] for c in tables[r.identity.run_id].column_names if c.startswith("p:")]
              for r in (first, second)]
    items = [set(tables[r.identity.run_id]["item"].to_pylist()) for r in (first, second)]
    if labels[0] != labels[1] or not items[0] & items[1]:
        raise HarnessError("the two runs cannot be compared: they answered other "
                           + ("classes" if labels[0] != labels[1] else "test items"),
                           "Compare runs of one task.")
    measured = first.kind and measure_arms([first, second], first.kind, labels[0],
                                           tables.__getitem__)
    if measured is None:  # both are done, so that cannot be
        raise AssertionError
    arms = [Arm(r.identity.backbone, side, 0, (r,)) for side, r in (("1", first), ("2", second))]
    found: dict[str, Difference] = {}
    for metric in measured.metrics:
        samples = [s for arm in arms if (s := measured.sample(arm, metric.name))]
        for gap in differences(metric, samples, measured.pool).values():
            found[metric.name] = gap
    return len(measured.items), found, measured.tests(arms)[0]


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


def _differing(first: Mapping[str, str], second: Mapping[str, str]) -> tuple[Divergence, ...]:
    return tuple(Divergence(what=what, first=first.get(what, "–"), second=second.get(what, "–"))
                 for what in dict.fromkeys(chain(first, second))
                 if first.get(what) != second.get(what))
