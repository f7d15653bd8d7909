"""May a tuned model ship, and what does it answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.api import gates as api
from harness.api.folders import BASELINES, RUNS, SUITES
from harness.cli.app import app, approved
from harness.cli.options import (
    Base,
    BaselineOf,
    Baselines,
    Candidate,
    Header,
    Labels,
    MaxLength,
    Profile,
    Quoting,
    Runs,
    Suites,
    ToSuite,
)
from harness.common.kinds import ExportFormat
from harness.report.console import make_console


@app.command()
def gate(
    candidate: Candidate, suite: ToSuite, profile: Profile = None, base: Base = None,
    label: Labels = None, max_length: MaxLength = None,
    baseline: Annotated[Path | None, typer.Option(
        help="the approved model [default: SUITE.json in --baselines]")] = None,
    baselines: Baselines = BASELINES,
    output: Annotated[Path | None, typer.Option(
        help="folder for gate.json, gate.md and junit.xml [default: gates/SUITE]")] = None,
    what_if: Annotated[bool, typer.Option(
        "--what-if", help="only look, on the test items: nothing is counted or written, and it is "
        "no pass (exit code 3)")] = False,
    suites: Suites = SUITES, runs: Runs = RUNS,
) -> None:
    """May CANDIDATE replace the approved model? Exit code 0: yes, 1: no, 2: cannot say, 3: a look.

    CANDIDATE is a run id, a Hugging Face model folder, a PEFT adapter folder, an ONNX folder or a
    GGUF file. None is trusted: weights come from safetensors, a plain graph or a plain file alone,
    and no code of theirs is run.
    """
    found = api.gate(candidate, suite=suite, profile=profile, base=base, label=label,
                     max_length=max_length, baseline=baseline, baselines=baselines, output=output,
                     what_if=what_if, suites=suites, runs=runs)
    found.show()
    raise typer.Exit(found.result.exit_code)


@app.command()
def predict(
    candidate: Candidate, suite: ToSuite,
    data: Annotated[Path, typer.Option("--input", help="CSV, TSV, JSONL or Parquet; of "
                                         "pictures also a folder of them, or one")],
    output: Annotated[Path, typer.Option(help="Parquet file to write")],
    text: Annotated[str | None, typer.Option(help="column of the text")] = None,
    pair: Annotated[str | None, typer.Option(help="column of the second text")] = None,
    image: Annotated[str | None, typer.Option(
        help="column of a picture's path, or of its bytes")] = None,
    quotes: Quoting = None, header: Header = None,
    profile: Profile = None, base: Base = None, label: Labels = None, max_length: MaxLength = None,
    suites: Suites = SUITES, runs: Runs = RUNS,
) -> None:
    """Predict every row of a table, or every picture of a folder, with probabilities, by a kept run
    or a model folder."""
    api.predict(candidate, data, suite=suite, output=output, text=text, pair=pair, image=image,
                quotes=quotes, header=header, profile=profile, base=base, label=label,
                max_length=max_length, suites=suites, runs=runs).show()


@app.command()
def watch(
    suite: BaselineOf,
    data: Annotated[Path, typer.Option("--input", help="CSV, TSV, JSONL or Parquet; of "
                                         "pictures also a folder of them")],
    labels: Annotated[str | None, typer.Option(
        help="column of what was right, where known")] = None,
    group: Annotated[str | None, typer.Option(help="column of what hangs together")] = None,
    text: Annotated[str | None, typer.Option(help="column of the text")] = None,
    pair: Annotated[str | None, typer.Option(help="column of the second text")] = None,
    image: Annotated[str | None, typer.Option(
        help="column of a picture's path, or of its bytes")] = None,
    quotes: Quoting = None, header: Header = None,
    state: Annotated[Path | None, typer.Option(
        help="file of earlier looks [default: watches/SUITE.jsonl]")] = None,
    json: Annotated[Path | None, typer.Option(help="also write what was found as JSON")] = None,
    prometheus: Annotated[Path | None, typer.Option(
        help="also write it in Prometheus's text format")] = None,
    profile: Profile = None,
    baseline: Annotated[Path | None, typer.Option(
        help="the approved model [default: SUITE.json in --baselines]")] = None,
    baselines: Baselines = BASELINES, suites: Suites = SUITES, runs: Runs = RUNS,
) -> None:
    """Does the approved model still see what it was approved on? Exit code 0: nothing found, 1:
    drift, 2: cannot say.

    A day's texts or pictures, the model's answers to them and its confidence are compared with the
    approved run's; with --labels also the share right, at any time.
    """
    found = api.watch(suite, data, labels=labels, group=group, text=text, pair=pair, image=image,
                      quotes=quotes, header=header, state=state, json=json, prometheus=prometheus,
                      profile=profile, baseline=baseline, baselines=baselines, suites=suites,
                      runs=runs)
    found.show()
    raise typer.Exit(found.result.exit_code)


@app.command()
def forget(
    model: Annotated[Path, typer.Argument(help="Hugging Face model or PEFT adapter folder")],
    base: Annotated[str, typer.Option(help="backbone of the suite, or the base's folder")],
    suite: Annotated[str, typer.Option(help="suite whose general items are asked")],
    profile: Profile = None, suites: Suites = SUITES,
    output: Annotated[Path | None, typer.Option(help="also write the figures as JSON")] = None,
) -> None:
    """Measure what a model that was tuned elsewhere forgot, against its untouched base."""
    api.forget(model, base=base, suite=suite, profile=profile, suites=suites,
               output=output).show()


@app.command()
def export(
    run_id: Annotated[str, typer.Argument(help="a kept run")], suite: ToSuite,
    to: Annotated[ExportFormat, typer.Option(
        help="merged: safetensors in fp32; bf16: in bf16; onnx: a graph in fp32; int8: the graph "
             "with its products in eight bits; gguf-f16, gguf-q8_0: a decoder as one file")],
    output: Annotated[Path | None, typer.Option(
        help="folder to write [default: exports/RUN_ID/TO]")] = None,
    profile: Profile = None, suites: Suites = SUITES, runs: Runs = RUNS,
) -> None:
    """Write a run for use elsewhere, and say which test items are answered otherwise there."""
    api.export(run_id, suite=suite, to=to, output=output, profile=profile, suites=suites,
               runs=runs).show()


@approved.command()
def approve(
    run_id: Annotated[str, typer.Argument(help="a kept run")],
    suite: Annotated[str | None, typer.Option(
        help="its suite, where its file is not called as it is")] = None,
    note: Annotated[str, typer.Option(help="why")] = "",
    anonymous: Annotated[bool, typer.Option(
        "--anonymous", help="leave out the name in git's configuration")] = False,
    keep_model: Annotated[bool, typer.Option(
        "--keep-model", help="copy what the run saved beside the baseline")] = False,
    profile: Profile = None,
    baselines: Baselines = BASELINES, suites: Suites = SUITES, runs: Runs = RUNS,
) -> None:
    """Make a run the baseline of its suite; the one before goes into the history."""
    api.approve(run_id, suite=suite, note=note, anonymous=anonymous, keep_model=keep_model,
                profile=profile, baselines=baselines, suites=suites, runs=runs).show()


@approved.command()
def show(suite: BaselineOf, baselines: Baselines = BASELINES) -> None:
    """Show what is approved, by whom, and on what."""
    api.baseline(suite, baselines=baselines).show()


@approved.command()
def history(suite: BaselineOf, baselines: Baselines = BASELINES) -> None:
    """List the baseline and all before it."""
    api.baseline(suite, baselines=baselines).print_history(make_console())


@approved.command()
def attempts(suite: BaselineOf, baselines: Baselines = BASELINES) -> None:
    """List what was tried against the baselines, with what came of it and what it cost."""
    api.attempts(suite, baselines=baselines).show()
