"""`index.html` of a folder of reports: every study below it, newest first, with its verdict."""

from __future__ import annotations

from pathlib import Path

from harness.common.errors import HarnessError
from harness.common.files import write_atomic
from harness.report.files import MARKDOWN, PAGE, STUDY
from harness.report.published import Published, read_published
from harness.report.rendering import render


def write_index(reports: Path) -> Path:
    """List every `study.json` below a folder; one that cannot be read is listed as such."""
    found: list[tuple[str, str, Published]] = []
    unread: list[tuple[str, str]] = []
    for path in sorted(reports.rglob(STUDY)):
        place = path.parent.relative_to(reports).as_posix()
        try:
            page = PAGE if (path.parent / PAGE).exists() else MARKDOWN
            found.append((place, page, read_published(path)))
        except HarnessError as error:
            unread.append((place, error.found.removeprefix(f"{path}: ")))
    found.sort(key=lambda item: item[2].study.created, reverse=True)
    write_atomic(reports / PAGE, render("index.html", found=found, unread=unread))
    return reports / PAGE
