"""The one error the harness raises for bad requests and bad input."""

from __future__ import annotations

from harness.common.text import plain


class HarnessError(Exception):
    """Something the user can mend: what was found and where, then what to do.

    Printed as two lines at most, with exit code 2.
    """

    def __init__(self, found: str, fix: str = "") -> None:
        super().__init__(found, fix)
        self.found = " ".join(plain(found).split())
        self.fix = " ".join(plain(fix).split())

    def __str__(self) -> str:
        return f"{self.found}\n  {self.fix}" if self.fix else self.found


class CannotRunError(HarnessError):
    """A method that a backbone or a library cannot carry out: a failed record, not a crash."""


class CannotWriteError(HarnessError):
    """A full disk, or a folder that may not be written or is gone: work stops, none is lost."""
