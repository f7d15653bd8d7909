"""What there is: suites, methods, this machine, the published schema."""

from __future__ import annotations

import sys

from harness.cli.app import app
from harness.cli.options import Suites
from harness.door import listings as door
from harness.door.folders import SUITES


@app.command()
def suites(suites: Suites = SUITES) -> None:
    """List the suites there are."""
    door.list_suites(suites=suites).show()


@app.command()
def methods() -> None:
    """List the methods and the kinds of backbone they work on."""
    door.list_methods().show()


@app.command()
def doctor() -> None:
    """Say what this machine has: device, threads, bf16, libraries, cache, disk."""
    door.doctor().show()


@app.command()
def schema() -> None:
    """Print the JSON schema of study.json."""
    sys.stdout.write(door.schema())
