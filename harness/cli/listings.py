"""What there is: suites, methods, this machine, the published schema."""

from __future__ import annotations

import sys

from harness.api import listings as api
from harness.api.folders import SUITES
from harness.cli.app import app
from harness.cli.options import Suites


@app.command()
def suites(suites: Suites = SUITES) -> None:
    """List the suites there are."""
    api.list_suites(suites=suites).show()


@app.command()
def methods() -> None:
    """List the methods and the kinds of backbone they work on."""
    api.list_methods().show()


@app.command()
def doctor() -> None:
    """Say what this machine has: device, threads, bf16, libraries, cache, disk."""
    api.doctor().show()


@app.command()
def schema() -> None:
    """Print the JSON schema of study.json."""
    sys.stdout.write(api.schema())
