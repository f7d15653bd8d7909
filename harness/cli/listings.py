"""What there is: suites, methods, this machine, the published schema."""

from __future__ import annotations

import sys

from harness.cli.app import app
from harness.cli.options import (
    SUITES,
    Suites,
)


@app.command()
def suites(suites: Suites = SUITES) -> None:
    """List the suites there are."""
    from harness.report.console import make_console
    from harness.report.listed_suites import suite_table

    make_console().print(suite_table(suites))


@app.command()
def methods() -> None:
    """List the methods and the kinds of backbone they work on."""
    from harness.report.console import make_console
    from harness.report.listed_methods import method_table

    make_console().print(method_table())


@app.command()
def doctor() -> None:
    """Say what this machine has: device, threads, bf16, libraries, cache, disk."""
    from harness.report.console import make_console
    from harness.report.doctor import doctor_table

    make_console().print(doctor_table())


@app.command()
def schema() -> None:
    """Print the JSON schema of study.json."""
    from harness.report.published import published_schema

    sys.stdout.write(published_schema())
