"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.api import studies

SuiteName = Annotated[str, typer.Argument(help="a suite in --suites, or the path of a YAML file")]
Profile = Annotated[str | None, typer.Option(help="smoke, quick, standard, full, or your own")]
Minutes = Annotated[float | None, typer.Option(
    help="the budget is what so many minutes buy on this machine: the most certainty for all "
         "methods that fit")]
Suites = Annotated[Path, typer.Option(help="folder of suites")]
Runs = Annotated[Path, typer.Option(help="folder where runs are kept")]
Reports = Annotated[Path, typer.Option(help="folder where reports are written")]
Fresh = Annotated[bool, typer.Option("--fresh", help="forget kept runs of this plan first")]

Executor = Annotated[studies.Executor, typer.Option(
    help="local: one run after another here; accelerate: the same, and what learns by gradient "
         "learns on several devices together; ray: as many runs at a time as a Ray cluster has "
         "machines")]
Launch = Annotated[Path | None, typer.Option(
    "--config", help="accelerate's configuration file, of --executor accelerate")]
Address = Annotated[str | None, typer.Option(
    help="HOST:PORT of the cluster of --executor ray; else the one that runs on this machine")]
Results = Annotated[str | None, typer.Option(
    help="folder or fsspec URL that all machines of --executor ray reach; else in HARNESS_CACHE")]

Quoting = Annotated[studies.Quotes | None, typer.Option(
    "--quotes", help="none: a quotation mark in a CSV or TSV file is part of its text; double: "
                     "cells in marks may hold line breaks, also where those look like rows")]
Header = Annotated[studies.Header | None, typer.Option(
    "--header", help="none: the first line is a row, and columns are named by number, from 0")]

Candidate = Annotated[str, typer.Argument(
    help="a run id, a Hugging Face model folder, a PEFT adapter folder, an ONNX folder or "
         "a GGUF file")]
ToSuite = Annotated[str, typer.Option("--suite", help="a suite in --suites, or a YAML file")]
Base = Annotated[str | None, typer.Option(
    help="what it was tuned from: a backbone of the suite, or a model folder")]
Labels = Annotated[list[str] | None, typer.Option(
    "--label", help="MODEL=CLASS for a model whose classes have other names")]
MaxLength = Annotated[int | None, typer.Option(
    help="tokens of a text that a model from elsewhere reads")]
Baselines = Annotated[Path, typer.Option(help="folder of approved models")]
BaselineOf = Annotated[str, typer.Argument(help="a suite with a baseline")]
