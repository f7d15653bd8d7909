"""Two studies, or two runs, side by side."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from harness.common.errors import HarnessError
from harness.compare.side_by_side import (
    check_studies,
    compare_runs,
    lines,
    run_divergences,
    study_divergences,
)
from harness.report.files import STUDY
from harness.report.published import Published, read_published
from harness.report.side_by_side import print_divergences, print_runs, print_studies
from harness.study.store import Store, find_run


def compare(console: Console, first: str, second: str, runs: Path, reports: Path) -> None:
    """Two studies, or two runs, side by side."""
    one, other = (_compared(name, runs, reports) for name in (first, second))
    if isinstance(one, Published) and isinstance(other, Published):
        check_studies(one.study, other.study,
                      (one.summary.common_items, other.summary.common_items))
        print_divergences(console, study_divergences(one.study, other.study))
        print_studies(console, one, other, lines(one.summary, other.summary))
    elif isinstance(one, Store) and isinstance(other, Store):
        run, against = one.record(first), other.record(second)
        tables = {first: one.predictions(first), second: other.predictions(second)}
        result = compare_runs(run, against, tables)
        print_divergences(console, run_divergences(run, against))
        print_runs(console, *result)
    else:
        raise HarnessError(f"'{first}' and '{second}' are a study and a run",
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
