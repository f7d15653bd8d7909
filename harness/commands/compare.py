"""Two studies or two runs side by side, or methods over the studies of several suites."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from harness.common.errors import HarnessError
from harness.common.files import write_atomic
from harness.compare.over_suites import over_suites
from harness.compare.side_by_side import (
    check_studies,
    compare_runs,
    run_divergences,
    study_divergences,
)
from harness.report.files import STUDY
from harness.report.published import Published, read_published
from harness.report.ranks import print_ranks, ranks_page
from harness.report.side_by_side import print_divergences, print_runs, print_studies
from harness.study.store import Store, find_run


def compare(console: Console, names: Sequence[str], output: Path | None, runs: Path,
            reports: Path) -> None:
    """Studies of several suites are ranked over; two studies of one suite, or two runs, stand side
    by side. Raises HarnessError where they are neither."""
    found = [_compared(name, runs, reports) for name in names]
    studies = [one for one in found if isinstance(one, Published)]
    if len({one.study.suite for one in studies}) == len(found) > 1:
        _over_suites(console, studies, output)
    elif len(found) != 2:
        raise HarnessError(f"{len(found)} studies or runs, which are not studies of as many suites",
                           "Name the studies of several suites, or two studies or runs.")
    elif output is not None:
        raise HarnessError("only ranks over suites are written as a page", "Leave --output out.")
    else:
        _side_by_side(console, (names[0], names[1]), (found[0], found[1]))


def _over_suites(console: Console, studies: Sequence[Published], output: Path | None) -> None:
    ranked = over_suites({one.study.suite: one.summary for one in studies})
    print_ranks(console, ranked)
    if output is not None:
        write_atomic(output, ranks_page(ranked))
        console.print(f"page: {output}", markup=False, highlight=False)


def _side_by_side(console: Console, names: tuple[str, str],
                  found: tuple[Published | Store, Published | Store]) -> None:
    one, other = found
    if isinstance(one, Published) and isinstance(other, Published):
        check_studies(one.study, other.study,
                      (one.summary.common_items, other.summary.common_items))
        print_divergences(console, study_divergences(one.study, other.study))
        print_studies(console, one, other)
    elif isinstance(one, Store) and isinstance(other, Store):
        first, second = names
        run, against = one.record(first), other.record(second)
        tables = {first: one.predictions(first), second: other.predictions(second)}
        result = compare_runs(run, against, tables)
        print_divergences(console, run_divergences(run, against))
        print_runs(console, *result)
    else:
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
