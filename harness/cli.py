"""`harness …`: thin commands over the rooms."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from harness.common.errors import HarnessError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Matched comparison of fine-tuning, adapters, features and retrieval.")

approved = typer.Typer(no_args_is_help=True, help="The approved model of a suite.")
app.add_typer(approved, name="baseline")

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

INTERRUPTED = 130
"""The exit code that shells give a program stopped by Ctrl-C."""
SUITES, RUNS, REPORTS = Path("suites"), Path("runs"), Path("reports")
BASELINES = Path("baselines")


@app.callback()
def options(debug: Annotated[bool, typer.Option("--debug", help="show tracebacks")] = False
            ) -> None:
    """Options before the command; `main` looks for --debug itself."""


@app.command()
def suites(suites: Suites = SUITES) -> None:
    """List the suites there are."""
    from harness.report.listings import suite_table
    from harness.report.terminal import make_console

    make_console().print(suite_table(suites))


@app.command()
def methods() -> None:
    """List the methods and the kinds of backbone they work on."""
    from harness.report.listings import method_table
    from harness.report.terminal import make_console

    make_console().print(method_table())


@app.command()
def doctor() -> None:
    """Say what this machine has: device, threads, bf16, libraries, cache, disk."""
    from harness.report.listings import doctor_table
    from harness.report.terminal import make_console

    make_console().print(doctor_table())


@app.command()
def init(
    name: Annotated[str, typer.Argument(help="the new suite's name")],
    data: Annotated[Path, typer.Option(
        help="CSV, TSV, JSONL or Parquet, or a folder with one folder of texts a class")],
    text: Annotated[str | None, typer.Option(help="column of the text")] = None,
    label: Annotated[str | None, typer.Option(help="column of the class")] = None,
    pair: Annotated[str | None, typer.Option(help="column of a second text")] = None,
    group: Annotated[str | None, typer.Option(
        help="column of what texts belong to: a group never stands in two splits")] = None,
    slice_by: Annotated[list[str] | None, typer.Option(
        "--slice", help="column to report by; may be given several times")] = None,
    suites: Suites = SUITES,
) -> None:
    """Write a suite for your own data and say what was understood of it."""
    from harness.commands import init as commands
    from harness.report.terminal import make_console

    columns = commands.Columns(text, label, pair, group, tuple(slice_by or ()))
    commands.init(make_console(), name, data, columns, suites)


@app.command()
def plan(suite: SuiteName, profile: Profile = None, suites: Suites = SUITES, runs: Runs = RUNS
         ) -> None:
    """Show the runs of a suite and how long they may take."""
    from harness.commands import study as commands
    from harness.report.terminal import make_console

    commands.show_plan(make_console(), commands.prepare(suite, profile, suites), runs)


@app.command()
def run(suite: SuiteName, profile: Profile = None, suites: Suites = SUITES, runs: Runs = RUNS,
        reports: Reports = REPORTS, fresh: Fresh = False,
        wandb: Annotated[bool, typer.Option(help="log finished runs to Weights & Biases")] = True,
        wandb_artifacts: Annotated[bool, typer.Option(
            "--wandb-artifacts", help="send what methods saved, too")] = False) -> None:
    """Run what is missing of a suite, and report.

    Exit code 1 when a run failed or could not be measured in full.
    """
    from harness.study.server import start_server

    # Before this process's own imports: the two take as long as each other.
    start_server()
    from harness.commands import study as commands
    from harness.report.terminal import make_console

    console = make_console()
    prepared = commands.prepare(suite, profile, suites)
    try:
        published = commands.run(console, prepared, runs, reports, fresh)
        if wandb:
            commands.log_to_wandb(console, prepared, published, runs, wandb_artifacts)
    except KeyboardInterrupt:
        console.print("Stopped. Finished runs are kept: run the same command again to go on.")
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(1 if commands.incomplete(prepared, published) else 0)


@app.command()
def report(suite: SuiteName, profile: Profile = None, suites: Suites = SUITES, runs: Runs = RUNS,
           reports: Reports = REPORTS) -> None:
    """Write the report of the runs there are, or rebuild the page from study.json alone."""
    from harness.commands import study as commands
    from harness.report.terminal import make_console

    commands.report(make_console(), suite, profile, suites, runs, reports)


@app.command()
def forget(
    model: Annotated[Path, typer.Argument(help="Hugging Face model or PEFT adapter folder")],
    base: Annotated[str, typer.Option(help="backbone of the suite, or the base's folder")],
    suite: Annotated[str, typer.Option(help="suite whose general items are asked")],
    profile: Profile = None, suites: Suites = SUITES,
    output: Annotated[Path | None, typer.Option(help="also write the figures as JSON")] = None,
) -> None:
    """Measure what a model that was tuned elsewhere forgot, against its untouched base."""
    from harness.commands import forget as commands
    from harness.report.terminal import make_console

    commands.forget(make_console(), model, base, suite, profile, suites, output)


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="a suite with a report, a study.json, or a run id")],
    second: Annotated[str, typer.Argument(help="what to compare it with, of the same sort")],
    runs: Runs = RUNS, reports: Reports = REPORTS,
) -> None:
    """Set two studies or two runs side by side: what differs first, then the figures.

    Exit code 2, with the reason, where they cannot be compared.
    """
    from harness.commands import compare as commands
    from harness.report.terminal import make_console

    commands.compare(make_console(), first, second, runs, reports)


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
    from harness.study.server import start_server

    start_server()
    from harness.commands import gate as commands
    from harness.report.terminal import make_console

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
    profile: Profile = None, base: Base = None, label: Labels = None, max_length: MaxLength = None,
    suites: Suites = SUITES, runs: Runs = RUNS,
) -> None:
    """Predict every row of a table, with probabilities, by a kept run or a model folder."""
    from harness.commands import predict as commands
    from harness.commands.gate import Asked
    from harness.report.terminal import make_console

    asked = Asked(candidate, suite, profile, suites, runs, base, label or (), max_length)
    commands.predict(make_console(), asked, source, output, text, pair)


@approved.command()
def approve(
    run_id: Annotated[str, typer.Argument(help="a kept run")],
    note: Annotated[str, typer.Option(help="why")] = "",
    anonymous: Annotated[bool, typer.Option(
        "--anonymous", help="leave out the name in git's configuration")] = False,
    keep_model: Annotated[bool, typer.Option(
        "--keep-model", help="copy what the run saved beside the baseline")] = False,
    baselines: Baselines = BASELINES, suites: Suites = SUITES, runs: Runs = RUNS,
) -> None:
    """Make a run the baseline of its suite; the one before goes into the history."""
    from harness.commands import baseline as commands
    from harness.report.terminal import make_console

    commands.approve(make_console(), run_id, suites, runs, baselines, note, anonymous, keep_model)


@approved.command()
def show(suite: BaselineOf, baselines: Baselines = BASELINES) -> None:
    """Show what is approved, by whom, and on what."""
    from harness.commands import baseline as commands
    from harness.report.terminal import make_console

    commands.show(make_console(), suite, baselines)


@approved.command()
def history(suite: BaselineOf, baselines: Baselines = BASELINES) -> None:
    """List the baseline and all before it."""
    from harness.commands import baseline as commands
    from harness.report.terminal import make_console

    commands.history(make_console(), suite, baselines)


@app.command()
def schema() -> None:
    """Print the JSON schema of study.json."""
    from harness.report.published import published_schema

    sys.stdout.write(published_schema())


def main() -> None:
    """Entry point: errors are two lines and exit code 2; no traceback without --debug."""
    debug = "--debug" in sys.argv
    arguments = [word for word in sys.argv[1:] if word != "--debug"]
    errors = Console(stderr=True)
    try:
        app(args=arguments, prog_name="harness")
    except HarnessError as error:
        if debug:
            traceback.print_exc()
        else:
            errors.print(f"[bold red]error:[/] {escape(str(error))}", highlight=False,
                         soft_wrap=True)
        sys.exit(2)
    except Exception as error:
        if debug:
            traceback.print_exc()
            sys.exit(2)
        text = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        errors.print(f"[bold red]error:[/] {escape(text)}\n  This is a fault of the harness: run "
                     "the command again with --debug to see where.", highlight=False)
        sys.exit(2)
