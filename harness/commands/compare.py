"""Two studies or two runs side by side, or methods over the studies of several suites."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.common.errors import HarnessError
from harness.compare.over_suites import over_suites
from harness.compare.side_by_side import (
    check_studies,
    compare_runs,
    run_divergences,
    study_divergences,
)
from harness.report.files import STUDY
from harness.report.published import Published, read_published
from harness.report.ranks import Ranking
from harness.report.shown import Shown
from harness.report.side_by_side import RunsBeside, StudiesBeside
from harness.study.store import Store, find_run


def compare(names: Sequence[str], output: Path | None, runs: Path, reports: Path) -> Shown:
    """Studies of several suites are ranked over; two studies of one suite, or two runs, stand side
    by side. Raises HarnessError where they are neither."""
    found = [_compared(name, runs, reports) for name in names]
    studies = [one for one in found if isinstance(one, Published)]
    if len({one.study.suite for one in studies}) == len(found) > 1:
        ranking = Ranking(over_suites({one.study.suite: one.summary for one in studies}), output)
        ranking.write()
        return ranking
    if len(found) != 2:
        raise HarnessError(f"{len(found)} studies or runs, which are not studies of as many suites",
                           "Name the studies of several suites, or two studies or runs.")
    if output is not None:
        raise HarnessError("only ranks over suites are written as a page", "Leave --output out.")
    return _side_by_side((names[0], names[1]), (found[0], found[1]))


def _side_by_side(names: tuple[str, str], found: tuple[Published | Store, Published | Store]
                  ) -> Shown:
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
    raise HarnessError(f"'{names[0]}' and '{names[1]}' are a study and a run",
                       "Compare two studies or two runs.")


def _compared(name: str, runs: Path, reports: Path) -> Published | Store:
    """A study, or the store that keeps a run of this id."""
    for path in (Path(name), Path(name) / STUDY, reports / name / STUDY):
        if path.is_file():
            return read_published(path)
    store = find_run(runs, name)
    if store is None:
        raise HarnessError(f"'{name}' is neither a study in {reports}/ nor a run in {runs}/",
                           "Name a suite with a report, a study.json or a run id.")
    return store
