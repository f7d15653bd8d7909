"""Templates to HTML: everything that comes from a study is escaped."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.report import (
    added,
    alike,
    as_shipped,
    bargain,
    beside,
    by_slice,
    calibrated,
    carried,
    columns,
    grids,
    picture_time,
    ranking,
    sentences,
    served,
    traded,
    words,
)
from harness.targets.kinds import KINDS, says


def part(name: str) -> str:
    """A file of the templates' folder as it is."""
    return files("harness.report").joinpath(f"templates/{name}").read_text(encoding="utf-8")


def render(template: str, **values: Any) -> str:
    """A template with the pages' style and the words that all pages share."""
    environment = Environment(loader=PackageLoader("harness.report", "templates"),
                              autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                              lstrip_blocks=True)
    environment.globals.update(words=words, sentences=sentences, bargain=bargain, by_slice=by_slice,
                               beside=beside, alike=alike, calibrated=calibrated, carried=carried,
                               ranking=ranking, served=served, picture_time=picture_time,
                               added=added, traded=traded, grids=grids, as_shipped=as_shipped,
                               target_kinds=KINDS, picked=columns.picked, FIRST=columns.FIRST,
                               LAST=columns.LAST, BESIDE=columns.BESIDE)
    environment.filters.update(metric_name=says)
    style = Markup(part("page.css"))  # noqa: S704  (our own file)
    return environment.get_template(template).render(style=style, **values)
