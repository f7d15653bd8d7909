"""`harness …` in this process: a process of its own costs seconds of imports."""

from __future__ import annotations

import io
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.cli import main

OWN_CODES = re.compile(r"\x1b\[[\d;]*[mK]|\x1b\[\?25[lh]|\r")
"""Colours, and what a progress line needs."""


@dataclass(frozen=True)
class Said:
    """Exit code and streams of a command."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


def harness(*words: object, **environment: str) -> Said:
    """Run a command with more in its environment."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["harness", *map(str, words)])
        # main sets it for good
        patch.setenv("PYTHONSAFEPATH", "")
        patch.setenv("COLUMNS", "200")
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return Said(code, out.getvalue(), err.getvalue())


def ask(folder: Path, *words: object) -> Said:
    """Run a command on the suites of a folder, with its runs, reports and cache in there."""
    places: list[object] = ["--suites", folder]
    if words[0] != "check":
        places += ["--runs", folder / "runs"]
    if words[0] == "run":
        places += ["--reports", folder / "reports"]
    return harness(*words, *places, HARNESS_CACHE=str(folder / "cache"))


def refused(said: Said, *words: str) -> None:
    """A refusal: exit 2, two lines that hold the words, no trace of a fault of the harness."""
    assert said.code == 2, said.all
    lines = [line for line in said.err.splitlines() if not line.startswith("fetching ")]
    assert len(lines) <= 2, said.err
    assert "Traceback" not in said.all
    assert "fault of the harness" not in said.err, said.err
    assert controls(said.all) == ""
    for word in words:
        assert word in said.err, said.err


def controls(text: str) -> str:
    """Control characters that are not the harness's own."""
    return "".join(c for c in OWN_CODES.sub("", text)
                   if (ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160
                   or 0x202A <= ord(c) <= 0x202E or 0x2066 <= ord(c) <= 0x2069)
