"""The files of a report: `index.html`, `report.md`, `study.json`."""

from __future__ import annotations

from pathlib import Path

from harness.common.files import write_atomic
from harness.report.markdown import markdown
from harness.report.page import page
from harness.report.published import Published, published_json

PAGE, MARKDOWN, STUDY = "index.html", "report.md", "study.json"


def write_report(published: Published, reports: Path) -> Path:
    """Write the three files into `reports/<suite>/` and return that folder.

    Raises CannotWriteError.
    """
    folder = reports / published.study.suite
    write_atomic(folder / STUDY, published_json(published))
    write_atomic(folder / MARKDOWN, markdown(published))
    write_atomic(folder / PAGE, page(published))
    return folder


def page_name(folder: Path) -> str:
    """The page's path, for a person to open."""
    return str(folder / PAGE)
