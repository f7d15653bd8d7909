"""`harness …`: thin commands over the rooms."""

from __future__ import annotations

import io
import os
import sys
import traceback

from rich.console import Console
from rich.markup import escape

# isort: off
# Imported for the commands that they register, in the order that the help shows.
from harness.cli import studies  # noqa: F401
from harness.cli import gates  # noqa: F401
from harness.cli import listings  # noqa: F401
# isort: on
from harness.cli.app import app
from harness.common.errors import HarnessError
from harness.common.stopping import stopping_politely
from harness.common.text import plain


def main() -> None:
    """Entry point: errors are two lines and exit code 2; no traceback without --debug."""
    # Else processes that this one starts would import modules that lie in the current folder.
    os.environ["PYTHONSAFEPATH"] = "1"
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that has no letter for a name shows a mark: no reason to end.
            stream.reconfigure(errors="replace")
    try:
        with stopping_politely():
            app(args=[word for word in sys.argv[1:] if word != "--debug"], prog_name="harness")
    except Exception as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        else:
            Console(stderr=True, emoji=False).print(
                f"[bold red]error:[/] {escape(_two_lines(error))}", highlight=False,
                soft_wrap=True)
        sys.exit(2)


def _two_lines(error: Exception) -> str:
    """What was found, and what to do."""
    if isinstance(error, HarnessError):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return (f"{plain(str(error.filename))}: {error.strerror}\n"
                "  See that it is there, and that you may read or write it.")
    text = plain(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")
    return (f"{text}\n  This is a fault of the harness: run the command again with --debug to see "
            "where.")
