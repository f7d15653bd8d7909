"""`index.html` of a folder of reports: every study below it, newest first, with its verdict."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.common.errors import HarnessError
from harness.common.files import write_atomic
from harness.report import sentences
from harness.report.files import MARKDOWN, PAGE, STUDY
from harness.report.published import Published, read_published


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
    environment = Environment(loader=PackageLoader("harness.report", "templates"),
                              autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                              lstrip_blocks=True)
    style = files("harness.report").joinpath("templates/page.css").read_text()
    write_atomic(reports / PAGE, environment.get_template("index.html").render(
        found=found, unread=unread, sentences=sentences, style=Markup(style)))  # noqa: S704
    return reports / PAGE
