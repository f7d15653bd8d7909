"""A suite's past, as all views have it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.compare.over_time import Moment, over_time
from harness.report.history.versions import Versions


@dataclass(frozen=True)
class Past:
    """Studies of one suite, oldest first."""

    suite: str
    title: str
    moments: tuple[Moment, ...]
    unread: tuple[tuple[str, str], ...]
    left_out: bool


def past_of(suite: str, versions: Versions) -> Past:
    """At least one study must have been found."""
    newest = versions.found[-1].study
    return Past(suite, newest.title, over_time(versions.found), versions.unread, versions.left_out)
