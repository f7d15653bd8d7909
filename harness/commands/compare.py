"""Two studies, runs or exports side by side, or methods over the studies of several suites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from harness.common.errors import HarnessError
from harness.common.kinds import Kind
from harness.compare.over_suites import over_suites
from harness.compare.side_by_side import (
    check_studies,
    compare_answers,
    compare_runs,
    differing,
    run_divergences,
    study_divergences,
)
from harness.export.kept_folder import ExportedFolder, is_exported, read_exported
from harness.report.exports_beside import ExportsBeside, Side
from harness.report.files import STUDY
from harness.report.published import Published, read_published
from harness.report.ranks import Ranking
from harness.report.shown import Shown
from harness.report.side_by_side import RunsBeside, StudiesBeside
from harness.study.store import Store, find_run

Compared = Published | Store | ExportedFolder


def compare(names: Sequence[str], output: Path | None, runs: Path, reports: Path) -> Shown:
    """Studies of several suites are ranked over; two studies of one suite, or two runs, stand side
    by side, and so do runs and what they are exported as. Raises HarnessError where they are
    neither."""
    found = [_compared(name, runs, reports) for name in names]
    studies = [one for one in found if isinstance(one, Published)]
    if len({one.study.suite for one in studies}) == len(found) > 1:
        ranking = Ranking(over_suites({one.study.suite: one.summary for one in studies}), output)
        ranking.write()
        return ranking
    if len(found) != 2:
        raise HarnessError(f"{len(found)} studies, runs or exports, which are not studies of as "
                           "many suites", "Name the studies of several suites, or two studies, or "
                           "two runs or exports.")
    if output is not None:
        raise HarnessError("only ranks over suites are written as a page", "Leave --output out.")
    return _side_by_side((names[0], names[1]), (found[0], found[1]))


def _side_by_side(names: tuple[str, str], found: tuple[Compared, Compared]) -> Shown:
    one, other = found
    if isinstance(one, Published) and isinstance(other, Published):
        check_studies(one.study, other.study,
                      (one.summary.common_items, other.summary.common_items))
        return StudiesBeside(one, other, study_divergences(one.study, other.study))
    if isinstance(one, Store) and isinstance(other, Store):
        first, second = names
        run, against = one.record(first), other.record(second)
        tables = {first: one.predictions(first), second: other.predictions(second)}
        return RunsBeside(*compare_runs(run, against, tables), run_divergences(run, against))
    if not isinstance(one, Published) and not isinstance(other, Published):
        return _exports(*(_side(name, side) for name, side in zip(names, (one, other),
                                                                  strict=True)))
    raise HarnessError(f"'{names[0]}' and '{names[1]}' are a study and a run or an export",
                       "Compare two studies, or runs and exports.")


@dataclass(frozen=True)
class _Shipped:
    """A run or an exported folder, with what it answered."""

    side: Side
    kind: Kind
    task_sha256: str
    metric: str | None
    table: pa.Table
    facts: dict[str, str]


def _side(name: str, found: Store | ExportedFolder) -> _Shipped:
    if isinstance(found, Store):
        record = found.record(name)
        identity, latency = record.identity, record.latency
        if record.kind is None:
            raise HarnessError(f"run {name} has no result: {record.status.reason}",
                               "Compare finished runs.")
        side = Side(f"{identity.name}, run {name}", None, latency.p50_ms if latency else None, 1.0)
        facts = {"format": "as kept", "run": name, "method": identity.label,
                 "backbone": str(identity.backbone), "seed": str(identity.seed)}
        return _Shipped(side, record.kind, identity.task_sha256, identity.metric,
                        found.predictions(name), facts)
    told, again = found.manifest, found.answers
    side = Side(f"{found.path.name} ({told.format})", again.bytes.weights,
                again.latency["exported"].p50_ms, again.speed[0])
    facts = {"format": told.format, "run": told.run_id, "method": told.method,
             "backbone": str(told.backbone), "seed": str(told.seed)}
    return _Shipped(side, told.kind, told.task_sha256, again.changes.metric, found.table, facts)


def _exports(first: _Shipped, second: _Shipped) -> ExportsBeside:
    if first.task_sha256 != second.task_sha256:
        raise HarnessError(f"{first.side.name} and {second.side.name} were made on other classes, "
                           "answers, prompts or splits", "Compare exports of one task.")
    return ExportsBeside(first.side, second.side,
                         compare_answers(first.kind, (first.table, second.table)),
                         first.metric or second.metric or "",
                         differing(first.facts, second.facts))


def _compared(name: str, runs: Path, reports: Path) -> Compared:
    """A study, an exported folder, or the store that keeps a run of this id."""
    if is_exported(Path(name)):
        return read_exported(Path(name))
    for path in (Path(name), Path(name) / STUDY, reports / name / STUDY):
        if path.is_file():
            return read_published(path)
    store = find_run(runs, name)
    if store is None:
        raise HarnessError(f"'{name}' is neither a study in {reports}/, nor a run in {runs}/, nor "
                           "an exported folder",
                           "Name a suite with a report, a study.json, a run id or an export.")
    return store
