"""From data to a report.

Nothing that computes is imported before it is known that a call can be meant, and before it is
chosen how threads wait.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.api.folders import REPORTS, RUNS, SUITES, Folder
from harness.common.errors import HarnessError
from harness.common.kinds import Unreadable

if TYPE_CHECKING:
    from harness.api.frames import Table
    from harness.report.checked import Checked
    from harness.report.described import Begun
    from harness.report.history.history import History
    from harness.report.planned import Planned
    from harness.report.reproduced import Reproduction
    from harness.report.shown import Shown
    from harness.report.studied import Studied

Executor = Literal["local", "accelerate", "ray"]
Sure = Literal["use", "lean"]
Quotes = Literal["none", "double"]
Header = Literal["none"]


def init(data: Table | Mapping[str, Table] | None = None, *, name: str | None = None,
         images: Folder | Mapping[str, Folder] | None = None, image: str | None = None,
         unreadable: Unreadable | None = None,
         validation: Table | None = None, test: Table | None = None, config: str | None = None,
         text: str | None = None, label: str | None = None, answers: str | None = None,
         pair: str | None = None, group: str | None = None, slice_by: Sequence[str] | None = None,
         split_column: str | None = None, separator: str | None = None,
         numbers: bool = False,
         quotes: Quotes | None = None, header: Header | None = None, suites: Folder = SUITES
         ) -> Begun:
    """Write a suite for your own data, and say what was understood of it.

    `data` is a CSV, TSV, JSON, Parquet or .xlsx file, a folder with one folder of texts a class,
    ORG/NAME@REVISION on the Hugging Face hub, a pandas frame or a `datasets.Dataset`; or these by
    split, as in a `DatasetDict`. `validation` and `test` are data that is kept as given, or the
    names of splits on the hub; `config` is a configuration there. What is in memory is written
    beside the suite, as NAME.parquet.

    Of pictures: `images` in place of `data` is a folder with one folder of them a class, below
    folders of the splits or not, and `group` a regular expression that finds in a picture's path
    what it belongs to; or `image` names the column of a table that holds their paths or bytes.
    Files that are no pictures are errors, or with `unreadable` "drop" left out and counted
    (docs/pictures.md).

    `text`, `label`, `pair` (a second text), `group` (what texts belong to: a group never stands in
    two splits), `slice_by` (to report by) and `split_column` (train, validation or test) name
    columns; `answers`, in place of `label`, one of answers in words, such as summaries. With
    `numbers` labels are numbers to answer with (docs/numbers.md). `separator` is what stands
    between the classes of a label that may hold several; "none" where a label is one class whatever
    signs it has. `quotes` and `header` say how a file is written: see docs/tables.md.

    The suite is `suites`/NAME.yaml; without a `name` it is called as its file, or "data". One that
    says the same stays, so that a cell can be run again. What is returned may be given wherever a
    suite is named. Raises HarnessError for data that cannot be read, with the line, and for a suite
    of this name that says something else.
    """
    from harness.common.waiting import settle_waiting

    settle_waiting()
    from harness.api.frames import beside, splits_of
    from harness.commands import init as commands
    from harness.commands.columns import Columns
    from harness.commands.data import Data, named_as
    from harness.report.console import make_console
    from harness.tasks.tables.form import Form

    given = data if images is None else images
    if given is None or (data is not None and images is not None):
        raise HarnessError("where the data is must be said once",
                           "Give `data`, or `images` for a folder of pictures.")
    if images is not None and image is not None:
        raise HarnessError(f"--image {image} with --images: a folder has no columns",
                           "Give a table as --data, or leave --image out.")
    whole, held, asked = splits_of(given, validation, test)
    folder, called = Path(suites), named_as(whole) if name is None else name
    columns = Columns(text, label, pair, group, tuple(slice_by or ()), split_column, numbers,
                      separator, answers, "text" if images is image else "image", image,
                      unreadable)
    with beside(folder, called, {"data": whole, "validation": held, "test": asked}) as files:
        return commands.init(make_console(), called, Data(
            str(files["data"]), files["validation"], files["test"], config,
            Form(quotes=quotes, header=header)), columns, folder)


def check(suite: Folder, *, profile: str | None = None, suites: Folder = SUITES) -> Checked:
    """Look at the data before anything is spent: classes, leaks, labels, lengths, power.

    `suite` is a suite in the folder `suites`, or the path of a YAML file; `profile` is smoke,
    quick, standard, full, or the suite's own. Waits for no device that is taken: label errors are
    then not searched for, and a finding says so. Raises HarnessError for a suite that cannot be
    read; errors in the data are among the findings, and `errors` of what is returned.
    """
    from harness.commands.named import check_named
    from harness.common.waiting import settle_waiting

    name, folder = os.fspath(suite), Path(suites)
    check_named(name, profile, folder)
    settle_waiting()
    from harness.commands import plan as commands
    from harness.report.console import make_console

    return commands.check(make_console(), commands.prepare(name, profile, folder))


def plan(suite: Folder, *, profile: str | None = None, minutes: float | None = None,
         suites: Folder = SUITES, runs: Folder = RUNS, device: Sequence[str] | None = None
         ) -> Planned:
    """The runs of a suite with their time (seconds), memory (bytes), arithmetic (FLOPs) and money.

    Measures this machine for some seconds where the cache does not have it and no study has its
    device. With `minutes` the plan is of what they buy (docs/minutes.md). `device` names GPUs to
    estimate for as well: a100, h100, l4. Raises HarnessError for a run that does not fit this
    machine's memory, and for minutes that are too few; where GPUs are named, what is returned says
    in `elsewhere.misfit` that one fits none of them.
    """
    from harness.commands.named import check_named
    from harness.common.waiting import settle_waiting

    name, folder = os.fspath(suite), Path(suites)
    check_named(name, profile, folder)
    settle_waiting()
    from harness.report.console import make_console

    if minutes is not None:
        if device:
            raise HarnessError("`minutes` are of this machine, and `device` is of others",
                               "Give one of them.")
        from harness.commands import minutes as timed

        return timed.planned(make_console(), timed.timed(name, profile, folder, minutes,
                                                         Path(runs)))
    if device:
        from harness.commands import plan as commands

        return commands.planned_elsewhere(
            make_console(), commands.prepare(name, profile, folder), Path(runs), device)
    from harness.commands.planned import planned

    return planned(make_console(), name, profile, folder, Path(runs))


def run(suite: Folder, *, profile: str | None = None, minutes: float | None = None,
        more: bool = False, suites: Folder = SUITES, runs: Folder = RUNS,
        reports: Folder = REPORTS, fresh: bool = False, executor: Executor = "local",
        config: Folder | None = None, address: str | None = None, results: str | None = None,
        wandb: bool = True, wandb_artifacts: bool = False) -> Studied:
    """Run what is missing of a suite, and report.

    Progress is shown as at the terminal: a bar where there is one, else a line a run. Runs are kept
    in the folder `runs` and never computed again; `fresh` forgets those of this plan first. The
    report is written below `reports`. An interrupt loses the run in progress and no other.

    With `minutes` the budget is what they buy of the suite on this machine, and draws of training
    items follow each other while there is time and the verdict is not settled, with a report after
    each; methods that are shown to be lower leave (docs/minutes.md). The same call again goes on
    within the same minutes, with `more` for as many again.

    `executor`: local, one run after another here; accelerate, the same with several devices a run,
    by the configuration file `config`; ray, as many runs at a time as the cluster at `address`
    (HOST:PORT) has machines, with the folder or fsspec URL `results` that all of them reach.
    `wandb` logs each run to Weights & Biases when it is done, and what the study says by then;
    `wandb_artifacts` what methods saved, too.

    A run that fails is a record with its reason, and counts in `incomplete` of what is returned.
    Raises HarnessError for a suite that cannot be read, data with errors, a run that does not fit
    the memory, and an executor that cannot be used.
    """
    from harness.commands.named import check_named
    from harness.processes.server import start_server

    name, folder, kept = os.fspath(suite), Path(suites), Path(runs)
    if more and minutes is None:
        raise HarnessError("`more` is of a study by minutes", "Give `minutes`, too.")
    check_named(name, profile, folder)
    # Before this process's own imports: the two take as long as each other.
    start_server()
    from harness.commands import study as commands
    from harness.commands.plan import prepare
    from harness.commands.tracked import tracking
    from harness.report.console import make_console

    console, devices = make_console(), None if config is None else Path(config)
    with (commands.place_of(executor, devices, address, results) as place,
          tracking(console, wandb, wandb_artifacts) as tracked):
        if minutes is not None:
            from harness.commands import minutes as timed

            found = timed.run(console, timed.timed(name, profile, folder, minutes, kept, place),
                              more, Path(reports), fresh, tracked=tracked)
        else:
            found = commands.run(console, prepare(name, profile, folder, place), kept,
                                 Path(reports), fresh, place, tracked=tracked)
    return found


def report(suite: Folder, *, profile: str | None = None, minutes: float | None = None,
           suites: Folder = SUITES, runs: Folder = RUNS, reports: Folder = REPORTS,
           require: Sure | None = None) -> Studied:
    """Write the report of the runs there are, or rebuild the page from study.json alone; with
    `minutes` of the draws that were done in them.

    `damaged` of what is returned counts kept runs that are not as they were written, and so are
    left out; `short` is true where the verdict is less sure than `require` (use, lean) asks.
    Raises HarnessError where neither a run nor a study.json is kept.
    """
    from harness.commands.named import check_named
    from harness.common.waiting import settle_waiting

    name, folder = os.fspath(suite), Path(suites)
    check_named(name, profile, folder)
    settle_waiting()
    from harness.commands import study as commands
    from harness.commands.plan import prepare
    from harness.report.console import make_console

    if minutes is not None:
        from harness.commands import minutes as timed

        given, bought = timed.kept_study(timed.timed(name, profile, folder, minutes, Path(runs)))
    else:
        given, bought = prepare(name, profile, folder), None
    return commands.report(make_console(), given, Path(runs), Path(reports), require, bought)


def reproduce(run_id: str, *, suite: Folder | None = None, suites: Folder = SUITES,
              runs: Folder = RUNS) -> Reproduction:
    """Carry the run `run_id` out again and say what differs: surroundings, figures, predictions.

    `suite` is its suite, where that has another name or place now. `same` of what is returned is
    true when predictions are the same bit for bit, and so are all figures but times. The kept run
    stays as it is. Raises HarnessError where there is no such run, or it has no result this time.
    """
    from harness.processes.server import start_server

    start_server()
    from harness.commands import reproduce as commands
    from harness.report.console import make_console

    return commands.again(make_console(), run_id, None if suite is None else os.fspath(suite),
                          Path(suites), Path(runs))


def compare(names: Sequence[Folder], *, output: Folder | None = None, runs: Folder = RUNS,
            reports: Folder = REPORTS) -> Shown:
    """Rank methods over the studies of several suites, or set two studies of one suite, two runs,
    or runs and what they are exported as, side by side.

    `names` are two or more: suites with a report below `reports`, files study.json; or two run ids
    or exported folders. Ranks over suites are also written as an HTML page to `output`. Returns a
    `Ranking`, a `StudiesBeside`, a `RunsBeside` or an `ExportsBeside`. Raises HarnessError, with
    the reason, where they cannot be compared.
    """
    from harness.common.waiting import settle_waiting

    settle_waiting()
    from harness.commands import compare as commands

    return commands.compare([os.fspath(name) for name in names],
                            None if output is None else Path(output), Path(runs), Path(reports))


def history(suite: str, *, studies: Folder | None = None, output: Folder | None = None,
            reports: Folder = REPORTS) -> History:
    """What was recommended for a suite from study to study, and does it still stand?

    Read are all versions of SUITE/study.json below `reports` that git has, up to 200; or the files
    of a folder, `studies`. Studies on other data, classes, test items or budgets are told apart:
    the line of figures breaks there. A page and Markdown are written into `output`, or
    history/SUITE below `reports`. Raises HarnessError where git is not there and no folder is
    named, and where no study can be read.
    """
    from harness.common.waiting import settle_waiting

    settle_waiting()
    from harness.commands import history as commands

    return commands.history(suite, None if studies is None else Path(studies),
                            None if output is None else Path(output), Path(reports))
