"""The files of a report: `index.html`, `report.md`, `study.json`."""

from __future__ import annotations

from pathlib import Path

from harness.common.errors import HarnessError
from harness.common.files import write_atomic
from harness.report.markdown import markdown
from harness.report.page import page
from harness.report.published import Published

PAGE, MARKDOWN, STUDY = "index.html", "report.md", "study.json"


def write_report(published: Published, reports: Path) -> Path:
    """Write the three files into `reports/<suite>/` and return that folder."""
    folder = reports / published.study.suite
    try:
        write_atomic(folder / STUDY, published.model_dump_json(indent=1) + "\n")
        write_atomic(folder / MARKDOWN, markdown(published))
        write_atomic(folder / PAGE, page(published))
    except OSError as error:
        raise HarnessError(f"cannot write {folder}: {error.strerror}",
                           "Name a folder you may write with --reports.") from None
    return folder


def page_name(folder: Path) -> str:
    """The page's path, for a person to open."""
    return str(folder / PAGE)
