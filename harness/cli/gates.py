"""May a tuned model ship, and what does it answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.app import app, approved
from harness.cli.options import (
    BASELINES,
    RUNS,
    SUITES,
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


@app.command()
def gate(
    candidate: Candidate, suite: ToSuite, profile: Profile = None, base: Base = None,
    label: Labels = None, max_length: MaxLength = None,
    baseline: Annotated[Path | None, typer.Option(
        help="the approved model [default: SUITE.json in --baselines]")] = None,
    baselines: Baselines = BASELINES,
    output: Annotated[Path | None, typer.Option(
        help="folder for gate.json, gate.md and junit.xml [default: gates/SUITE]")] = None,
    suites: Suites = SUITES, runs: Runs = RUNS,
) -> None:
    """May CANDIDATE replace the approved model? Exit code 0: yes, 1: no, 2: cannot say.

    CANDIDATE is a run id, a Hugging Face model folder or a PEFT adapter folder. Folders are not
    trusted: weights come from safetensors alone, and no code of theirs is run.
    """
    from harness.commands.named import check_named
    from harness.gate.named import check_candidate
    from harness.study.server import start_server

    check_named(suite, profile, suites)
    check_candidate(candidate, runs)
    start_server()
    from harness.commands import gate as commands
    from harness.report.console import make_console

    asked = commands.Asked(candidate, suite, profile, suites, runs, base, label or (), max_length)
    result = commands.gate(make_console(), asked, baselines, baseline,
                           output or Path("gates") / Path(suite).stem)
    raise typer.Exit(result.exit_code)


@app.command()
def predict(
    candidate: Candidate, suite: ToSuite,
    source: Annotated[Path, typer.Option("--input", help="CSV, TSV, JSONL or Parquet")],
    output: Annotated[Path, typer.Option(help="Parquet file to write")],
    text: Annotated[str | None, typer.Option(help="column of the text")] = None,
    pair: Annotated[str | None, typer.Option(help="column of the second text")] = None,
    quotes: Quoting = None, header: Header = None,
    profile: Profile = None, base: Base = None, label: Labels = None, max_length: MaxLength = None,
    suites: Suites = SUITES, runs: Runs = RUNS,
) -> None:
    """Predict every row of a table, with probabilities, by a kept run or a model folder."""
    from harness.commands.named import check_named
    from harness.common.waiting import settle_waiting
    from harness.gate.named import check_candidate

    check_named(suite, profile, suites)
    check_candidate(candidate, runs)
    settle_waiting()
    from harness.commands import predict as commands
    from harness.commands.gate import Asked
    from harness.report.console import make_console
    from harness.tasks.tables.form import Form

    asked = Asked(candidate, suite, profile, suites, runs, base, label or (), max_length)
    form = Form(quotes=quotes and quotes.value, header=header and header.value)
    commands.predict(make_console(), asked, source, output, text, pair, form)


@app.command()
def forget(
    model: Annotated[Path, typer.Argument(help="Hugging Face model or PEFT adapter folder")],
    base: Annotated[str, typer.Option(help="backbone of the suite, or the base's folder")],
    suite: Annotated[str, typer.Option(help="suite whose general items are asked")],
    profile: Profile = None, suites: Suites = SUITES,
    output: Annotated[Path | None, typer.Option(help="also write the figures as JSON")] = None,
) -> None:
    """Measure what a model that was tuned elsewhere forgot, against its untouched base."""
    from harness.commands.named import check_named
    from harness.common.waiting import settle_waiting

    check_named(suite, profile, suites)
    settle_waiting()
    from harness.commands import forget as commands
    from harness.report.console import make_console

    commands.forget(make_console(), model, base, suite, profile, suites, output)


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
    baselines: Baselines = BASELINES, suites: Suites = SUITES, runs: Runs = RUNS,
) -> None:
    """Make a run the baseline of its suite; the one before goes into the history."""
    from harness.common.waiting import settle_waiting

    settle_waiting()
    from harness.commands import baseline as commands
    from harness.report.console import make_console

    commands.approve(make_console(), run_id, suite, suites, runs, baselines, note, anonymous,
                     keep_model)


@approved.command()
def show(suite: BaselineOf, baselines: Baselines = BASELINES) -> None:
    """Show what is approved, by whom, and on what."""
    from harness.commands import baseline as commands
    from harness.report.console import make_console

    commands.show(make_console(), suite, baselines)


@approved.command()
def history(suite: BaselineOf, baselines: Baselines = BASELINES) -> None:
    """List the baseline and all before it."""
    from harness.commands import baseline as commands
    from harness.report.console import make_console

    commands.history(make_console(), suite, baselines)
