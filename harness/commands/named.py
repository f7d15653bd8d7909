"""What a command names, looked at before the libraries that compute are imported."""

from __future__ import annotations

from pathlib import Path

from harness.methods.catalogue import catalogue
from harness.methods.named import check_names
from harness.suite import find_suite, load_suite


def check_named(suite: str, profile: str | None, suites: Path) -> None:
    """Raise HarnessError for a suite, a profile, a field or a method that there is not."""
    check_names(load_suite(find_suite(suite, suites), profile), catalogue())
