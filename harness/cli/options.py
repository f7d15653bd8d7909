"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SuiteName = Annotated[str, typer.Argument(help="a suite in --suites, or the path of a YAML file")]
Profile = Annotated[str | None, typer.Option(help="smoke, quick, standard, full, or your own")]
Suites = Annotated[Path, typer.Option(help="folder of suites")]
Runs = Annotated[Path, typer.Option(help="folder where runs are kept")]
Reports = Annotated[Path, typer.Option(help="folder where reports are written")]
Fresh = Annotated[bool, typer.Option("--fresh", help="forget kept runs of this plan first")]

Candidate = Annotated[str, typer.Argument(
    help="a run id, a Hugging Face model folder or a PEFT adapter folder")]
ToSuite = Annotated[str, typer.Option("--suite", help="a suite in --suites, or a YAML file")]
Base = Annotated[str | None, typer.Option(
    help="what it was tuned from: a backbone of the suite, or a model folder")]
Labels = Annotated[list[str] | None, typer.Option(
    "--label", help="MODEL=CLASS for a model whose classes have other names")]
MaxLength = Annotated[int | None, typer.Option(
    help="tokens of a text that a model from elsewhere reads")]
Baselines = Annotated[Path, typer.Option(help="folder of approved models")]
BaselineOf = Annotated[str, typer.Argument(help="a suite with a baseline")]

SUITES, RUNS, REPORTS = Path("suites"), Path("runs"), Path("reports")
BASELINES = Path("baselines")
