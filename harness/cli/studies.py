"""From data to a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.api import studies as api
from harness.api.folders import REPORTS, RUNS, SUITES
from harness.cli.app import app
from harness.cli.options import (
    Address,
    Executor,
    Fresh,
    Header,
    Launch,
    Minutes,
    Profile,
    Quoting,
    Reports,
    Results,
    Runs,
    SuiteName,
    Suites,
)
from harness.common.kinds import Unreadable
from harness.common.stopping import stopping_politely
from harness.report.console import make_console


@app.command()
def init(
    name: Annotated[str, typer.Argument(help="the new suite's name")],
    data: Annotated[str | None, typer.Option(
        help="CSV, TSV, JSON, Parquet or .xlsx, a folder with one folder of texts a class, or "
             "ORG/NAME@REVISION on the Hugging Face hub")] = None,
    images: Annotated[str | None, typer.Option(
        help="in place of --data: a folder with one folder of pictures a class")] = None,
    validation: Annotated[str | None, typer.Option(
        help="validation items, kept as given: a file, or a split of the hub's data set")] = None,
    test: Annotated[str | None, typer.Option(
        help="test items, kept as given: a file, or a split of the hub's data set")] = None,
    config: Annotated[str | None, typer.Option(
        help="configuration of the hub's data set")] = None,
    text: Annotated[str | None, typer.Option(help="column of the text")] = None,
    image: Annotated[str | None, typer.Option(
        help="column of a picture's path, or of its bytes, in place of --text")] = None,
    label: Annotated[str | None, typer.Option(help="column of the class")] = None,
    answers: Annotated[str | None, typer.Option(
        help="column of the answer in words, such as a summary, in place of --label")] = None,
    pair: Annotated[str | None, typer.Option(help="column of a second text")] = None,
    group: Annotated[str | None, typer.Option(
        help="column of what items belong to: a group never stands in two splits; with --images a "
             "regular expression that finds it in a path: 'patient-([0-9]+)'")] = None,
    unreadable: Annotated[Unreadable | None, typer.Option(
        help="files that are no picture: an error, or left out and counted")] = None,
    slice_by: Annotated[list[str] | None, typer.Option(
        "--slice", help="column to report by; may be given several times")] = None,
    split_column: Annotated[str | None, typer.Option(
        help="column that says of each row: train, validation or test")] = None,
    separator: Annotated[str | None, typer.Option(
        help="what stands between classes in a label cell, where a text may have several; found "
             "where most cells hold it; none: a label is one class, whatever signs it has")] = None,
    numbers: Annotated[bool, typer.Option(
        "--numbers", help="labels are numbers to answer with, not classes")] = False,
    quotes: Quoting = None, header: Header = None,
    suites: Suites = SUITES,
) -> None:
    """Write a suite for your own data and say what was understood of it."""
    api.init(data, name=name, images=images, image=image, unreadable=unreadable,
             validation=validation, test=test, config=config, text=text, label=label,
             answers=answers, pair=pair, group=group, slice_by=slice_by, split_column=split_column,
             separator=separator, numbers=numbers, quotes=quotes, header=header,
             suites=suites).show()


@app.command()
def plan(suite: SuiteName, profile: Profile = None, minutes: Minutes = None,
         suites: Suites = SUITES, runs: Runs = RUNS,
         device: Annotated[list[str] | None, typer.Option(
             help="also estimate for a GPU: a100, h100, l4; may be given several times")] = None,
         ) -> None:
    """Show the runs of a suite with their time, memory, arithmetic and money.

    Measures this machine for some seconds where the cache does not have it and no study has its
    device. Exit code 2 when a run does not fit the memory.
    """
    with stopping_politely():
        found = api.plan(suite, profile=profile, minutes=minutes, suites=suites, runs=runs,
                         device=device)
        found.show()
    if found.elsewhere is not None and found.elsewhere.misfit is not None:
        raise found.elsewhere.misfit


@app.command()
def check(suite: SuiteName, profile: Profile = None, suites: Suites = SUITES) -> None:
    """Look at the data before anything is spent: classes, leaks, labels, lengths, power.

    Exit code 1 when there are errors, which stop a run.
    """
    with stopping_politely():
        found = api.check(suite, profile=profile, suites=suites)
        found.show()
    raise typer.Exit(1 if found.errors else 0)


@app.command()
def run(suite: SuiteName, profile: Profile = None, minutes: Minutes = None,
        more: Annotated[bool, typer.Option(
            "--more", help="as many minutes again for a study by --minutes")] = False,
        suites: Suites = SUITES, runs: Runs = RUNS, reports: Reports = REPORTS,
        fresh: Fresh = False,
        executor: Executor = "local", config: Launch = None, address: Address = None,
        results: Results = None,
        wandb: Annotated[bool, typer.Option(help="log finished runs to Weights & Biases")] = True,
        wandb_artifacts: Annotated[bool, typer.Option(
            "--wandb-artifacts", help="send what methods saved, too")] = False) -> None:
    """Run what is missing of a suite, and report.

    Exit code 1 when a run failed or could not be measured in full.
    """
    with stopping_politely("Finished runs are kept: run the same command again to go on."):
        found = api.run(
            suite, profile=profile, minutes=minutes, more=more, suites=suites, runs=runs,
            reports=reports, fresh=fresh, executor=executor, config=config,
            address=address, results=results, wandb=wandb,
            wandb_artifacts=wandb_artifacts)
        found.show()
    raise typer.Exit(1 if found.incomplete else 0)


@app.command()
def report(suite: SuiteName, profile: Profile = None, minutes: Minutes = None,
           suites: Suites = SUITES, runs: Runs = RUNS, reports: Reports = REPORTS,
           require: Annotated[api.Sure | None, typer.Option(
               help="how sure the verdict must be, for a pipeline")] = None) -> None:
    """Write the report of the runs there are, or rebuild the page from study.json alone.

    Exit code 1 when a kept run is damaged, and so left out, or the verdict is less sure than
    --require asks.
    """
    found = api.report(suite, profile=profile, minutes=minutes, suites=suites, runs=runs,
                       reports=reports, require=require)
    found.print_page(make_console())
    raise typer.Exit(1 if found.damaged or found.short else 0)


@app.command()
def reproduce(
    run_id: Annotated[str, typer.Argument(help="a kept run")],
    suite: Annotated[str | None, typer.Option(
        help="its suite, where that has another name or place now")] = None,
    suites: Suites = SUITES, runs: Runs = RUNS,
) -> None:
    """Carry a kept run out again and say what differs: surroundings, figures, predictions.

    Exit code 1 when predictions are not the same bit for bit, or figures other than times differ.
    """
    with stopping_politely("The kept run is as it was."):
        found = api.reproduce(run_id, suite=suite, suites=suites, runs=runs)
    found.show()
    raise typer.Exit(0 if found.same else 1)


@app.command()
def compare(
    names: Annotated[list[str], typer.Argument(
        help="two or more: suites with a report, files study.json; or two run ids or "
             "exported folders")],
    output: Annotated[Path | None, typer.Option(
        help="HTML page to write, of ranks over suites")] = None,
    runs: Runs = RUNS, reports: Reports = REPORTS,
) -> None:
    """Rank methods over the studies of several suites, or set two studies of one suite, two runs,
    or runs and what they are exported as, side by side: what differs first, then the figures.

    Exit code 2, with the reason, where they cannot be compared.
    """
    api.compare(names, output=output, runs=runs, reports=reports).show()


@app.command()
def history(
    suite: Annotated[str, typer.Argument(help="a suite with a report")],
    studies: Annotated[Path | None, typer.Option(
        help="folder of study.json files, in place of git's commits")] = None,
    output: Annotated[Path | None, typer.Option(
        help="folder for index.html and history.md [default: REPORTS/history/SUITE]")] = None,
    reports: Reports = REPORTS,
) -> None:
    """What was recommended for a suite from study to study, and does it still stand?"""
    api.history(suite, studies=studies, output=output, reports=reports).show()
