"""A suite's verdicts over time."""

from __future__ import annotations

from pathlib import Path

from harness.common.errors import HarnessError
from harness.report.files import STUDY
from harness.report.history.files import write_history
from harness.report.history.history import History
from harness.report.history.past import past_of
from harness.report.history.versions import in_folder, in_git


def history(suite: str, studies: Path | None, output: Path | None, reports: Path) -> History:
    """Read every published study of a suite, and write the page. Raises HarnessError where there
    is none that can be read."""
    path = reports / suite / STUDY
    found = in_git(path) if studies is None else in_folder(studies, suite)
    if not found.found:
        why = f" ({found.unread[-1][0]}: {found.unread[-1][1]})" if found.unread else ""
        raise HarnessError(f"there is no study of suite '{suite}' in "
                           f"{studies or f'the commits of {path}'}{why}",
                           "Publish one (harness report SUITE) and commit it, or name a folder of "
                           "studies with --studies.")
    past = past_of(suite, found)
    return History(past, write_history(past, output or reports / "history" / suite))
