"""What there is: suites, methods, this machine, the published schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.api.folders import SUITES, Folder

if TYPE_CHECKING:
    from harness.report.listed import Listed


def list_suites(*, suites: Folder = SUITES) -> Listed:
    """The suites in a folder, with their backbones and profiles. Raises HarnessError where there
    are none."""
    from harness.report.listed import Listed
    from harness.report.listed_suites import suite_table

    return Listed("suites", suite_table(Path(suites)))


def list_methods() -> Listed:
    """The methods and the kinds of backbone they work on."""
    from harness.report.listed import Listed
    from harness.report.listed_methods import method_table

    return Listed("methods", method_table())


def doctor() -> Listed:
    """What this machine has: device, threads, bf16, libraries, cache, disk."""
    from harness.report.doctor import doctor_table
    from harness.report.listed import Listed

    return Listed("facts of this machine", doctor_table())


def schema() -> str:
    """The JSON schema of study.json."""
    from harness.report.published import published_schema

    return published_schema()
