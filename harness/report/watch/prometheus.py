"""A watch in the text format of Prometheus: for a node exporter's folder of text files.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from harness.watch.result import WatchResult

Labels = Mapping[str, str]
Sample = tuple[Labels, float | None]


@dataclass(frozen=True)
class Family:
    """A metric: its samples, each with its labels; one without a value is left out."""

    name: str
    help: str
    samples: tuple[Sample, ...]


def exposition(result: WatchResult) -> str:
    """Every family with its HELP and TYPE; all are gauges."""
    lines: list[str] = []
    for family in _families(result):
        name = f"harness_watch_{family.name}"
        kept = [(labels, value) for labels, value in family.samples if value is not None]
        if kept:
            lines += [f"# HELP {name} {_help(family.help)}", f"# TYPE {name} gauge"]
        lines += [f"{name}{_labels({'suite': result.suite} | dict(labels))} {_number(value)}"
                  for labels, value in kept]
    return "".join(f"{line}\n" for line in lines)


def _families(result: WatchResult) -> Iterator[Family]:
    checks = [({"check": check.name}, check) for check in result.checks]
    yield Family("baseline_info", "The approved run that is watched.",
                 (({"run_id": result.baseline.run_id, "baseline": result.baseline.name}, 1.0),))
    yield Family("timestamp_seconds", "When the table was watched, in seconds since 1970.",
                 (({}, datetime.fromisoformat(result.created).timestamp()),))
    yield Family("exit_code", "0 nothing found, 1 drift, 2 cannot say.",
                 (({}, float(result.exit_code)),))
    yield Family("rows", "Rows of the table.", (({}, float(result.rows)),))
    yield Family("items", "Different items of the table.", (({}, float(result.items)),))
    yield Family("drift", "1 where a check found drift; absent where it was not asked.",
                 tuple((labels, None if check.state == "not-asked" else
                        float(check.state == "drift")) for labels, check in checks))
    yield Family("value", "What a check looked at: shares, or the area under a curve.",
                 tuple((labels, check.value) for labels, check in checks))
    yield Family("limit", "The policy's limit of it.",
                 tuple((labels, check.limit) for labels, check in checks))
    yield Family("p_value", "After Holm's correction over the day's tests.",
                 tuple((labels, check.adjusted) for labels, check in checks))
    yield from _shares(result)
    yield from _right(result)


def _shares(result: WatchResult) -> Iterator[Family]:
    yield Family("answer_share", "Share of the answers by class, of the approved run and now.",
                 tuple(({"class": one.name, "side": side}, value) for one in result.classes
                       for side, value in (("approved", one.before), ("now", one.now))))


def _right(result: WatchResult) -> Iterator[Family]:
    yield Family("approved_right", "Share right of the approved run on its own items.",
                 (({}, result.approved_right),))
    yield Family("estimated_right", "Share right as confidence tells it, with its 95% interval.",
                 tuple(({"by": one.by, "bound": bound}, value) for one in result.estimates
                       for bound, value in (("value", one.value), ("low", one.low),
                                            ("high", one.high))))
    found = result.labelled
    if found is None:
        return
    yield Family("labelled_right", "Share right of all labelled units, with bounds at all times.",
                 tuple(({"bound": bound}, value) for bound, value in (
                     ("value", found.share), ("low", found.low), ("high", found.high))))
    yield Family("labelled_units", "Labelled units counted since the approval.",
                 (({}, float(found.units)),))
    yield Family("labelled_evidence", "Evidence that the share right fell since some day.",
                 (({}, found.evidence),))


def _labels(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    """Of a label: backslash, quotation mark and line feed; no other sign may end a line."""
    found = value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return " ".join(found.splitlines()).replace("\r", " ")


def _help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return "NaN" if math.isnan(value) else repr(float(value))
