"""May a tuned model ship, and what does it answer."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from harness.api.folders import BASELINES, RUNS, SUITES, Folder
from harness.api.studies import Header, Quotes
from harness.common.kinds import ExportFormat

if TYPE_CHECKING:
    from harness.api.frames import Pictures, Table, Texts
    from harness.commands.model import Model
    from harness.report.exported import Exported
    from harness.report.forgotten import Forgotten
    from harness.report.gate.attempts import Tried
    from harness.report.gate.baselines import Approved
    from harness.report.gate.gated import Gated
    from harness.report.predicted import Predicted
    from harness.report.watch.watched import WatchFound

Names = Mapping[str, str] | Sequence[str]
"""A model's names of classes to the suite's; or, as at the terminal, MODEL=CLASS."""


def gate(candidate: Folder, *, suite: Folder, profile: str | None = None,
         base: Folder | None = None, label: Names | None = None, max_length: int | None = None,
         baseline: Folder | None = None, baselines: Folder = BASELINES,
         output: Folder | None = None, what_if: bool = False, suites: Folder = SUITES,
         runs: Folder = RUNS) -> Gated:
    """May `candidate` replace the approved model of a suite?

    It is a run id, a Hugging Face model folder, a PEFT adapter folder, a folder with an ONNX
    graph, or a GGUF file. None is trusted: weights come from safetensors, a plain graph or a plain
    file alone, and no code of theirs is run. `base` is what it was tuned from: a backbone of the
    suite, or a model folder. `label` maps a model's names of classes to
    the suite's. `max_length` is how many tokens of a text a model from elsewhere reads.

    The approved model is `baseline`, or SUITE.json in `baselines`. gate.json, gate.md and junit.xml
    are written into `output`, or gates/SUITE. `outcome` of what is returned is passed, failed or
    cannot-say. Where attempts are counted this is one, in the log beside the baseline; the same
    candidate again costs nothing and has the same answer. With `what_if` it is only looked at, on
    the test items: nothing is counted or written, and `outcome` is looked, which is no pass. Raises
    HarnessError for a suite without a policy, a candidate that cannot answer the task, a baseline
    of other data, and a log that is missing, broken, or has no attempt left.
    """
    from harness.commands.named import check_named
    from harness.gate.named import check_candidate
    from harness.processes.server import start_server

    name, folder = os.fspath(suite), Path(suites)
    check_named(name, profile, folder)
    check_candidate(os.fspath(candidate), Path(runs))
    start_server()
    from harness.commands import gate as commands
    from harness.report.console import make_console

    asked = commands.Asked(os.fspath(candidate), name, profile, folder, Path(runs), _text(base),
                           label or (), max_length)
    approved = Path(baselines), None if baseline is None else Path(baseline)
    if what_if:
        return commands.look(make_console(), asked, *approved)
    return commands.gate(make_console(), asked, *approved, Path(output) if output is not None
                         else Path("gates") / Path(name).stem)


def predict(candidate: Folder, data: Table | Texts | Pictures, *, suite: Folder,
            output: Folder | None = None, text: str | None = None, pair: str | None = None,
            image: str | None = None,
            quotes: Quotes | None = None, header: Header | None = None,
            profile: str | None = None, base: Folder | None = None, label: Names | None = None,
            max_length: int | None = None, suites: Folder = SUITES, runs: Folder = RUNS
            ) -> Predicted:
    """Predict every row of a table, with probabilities, by a kept run or a model folder.

    `data` is a CSV, TSV, JSONL or Parquet file, a pandas frame, a `datasets.Dataset`, or texts; of
    a task about pairs, pairs of texts. `text` and `pair` name their columns, else they are called
    as in the suite's own data.

    Of a task of pictures `data` is a folder of them, at any depth, a file, a table whose column
    `image` holds their paths or bytes, or a sequence of paths, bytes, PIL images or NumPy arrays.
    Each is a row, in their order, with what its file is called (`file`); one that is no picture has
    no answer, and says why (`fault`).

    `quotes` and `header` say how a file is written. Predictions are
    written to the Parquet file `output`, where one is named. `candidate`, `base`, `label` and
    `max_length` are as in `gate`. Raises HarnessError for a table without rows or these columns,
    and a candidate that cannot answer the task.
    """
    from harness.commands.named import check_named
    from harness.common.waiting import settle_waiting
    from harness.gate.named import check_candidate

    name, folder = os.fspath(suite), Path(suites)
    check_named(name, profile, folder)
    check_candidate(os.fspath(candidate), Path(runs))
    settle_waiting()
    from harness.api.frames import as_file, pictures_in
    from harness.commands import predict as commands
    from harness.commands.gate import Asked
    from harness.report.console import make_console
    from harness.tasks.tables.form import Form

    asked = Asked(os.fspath(candidate), name, profile, folder, Path(runs), _text(base),
                  label or (), max_length)
    form, columns = Form(quotes=quotes, header=header), commands.AskedColumns(text, pair, image)
    named = commands.columns_of(asked, columns)
    held = pictures_in(data, image) if commands.reads_pictures(
        asked.suite, asked.profile, asked.suites) else None
    place = as_file(data, named) if held is None else nullcontext(held)
    with place as rows, TemporaryDirectory() as passing:
        into = Path(output) if output is not None else Path(passing) / "answers.parquet"
        found = commands.predict(make_console(), asked, rows, into, columns, form)
        return found if output is not None else dataclasses.replace(
            found, path=None, table=found.read())


def watch(suite: Folder, data: Table | Texts | Pictures, *, labels: str | None = None,
          group: str | None = None, text: str | None = None, pair: str | None = None,
          image: str | None = None,
          quotes: Quotes | None = None, header: Header | None = None, state: Folder | None = None,
          json: Folder | None = None, prometheus: Folder | None = None,
          profile: str | None = None, baseline: Folder | None = None,
          baselines: Folder = BASELINES, suites: Folder = SUITES, runs: Folder = RUNS
          ) -> WatchFound:
    """Does the approved model of a suite still see what it was approved on?

    `data` is a day's table, or its pictures, as in `predict`; so are `text`, `pair`, `image`,
    `quotes` and `header`. `labels` names a column of what was right, where that is known: a
    class, or a list of classes; blank cells are not known yet. `group` names a column of what
    hangs together: a group counts as one. Items, answers and the share right that confidence
    tells are compared with the approved run's, labelled items with its figure. `state` is the
    file of earlier looks, watches/SUITE.jsonl unless it is said: it holds counts and ids, no
    texts and no pictures. What was found is also written to the files `json` and `prometheus`
    (its text format). `baseline` is the approved model, or SUITE.json in `baselines`. `outcome`
    of what is returned is nothing-found, drift or cannot-say. Raises HarnessError where nothing
    is approved or it is of other data, the approved model is not at hand, and for a table
    without rows or these columns.
    """
    from harness.commands.named import check_named
    from harness.common.waiting import settle_waiting

    name, folder = os.fspath(suite), Path(suites)
    check_named(name, profile, folder)
    settle_waiting()
    from harness.api.frames import as_file, cells_in, pictures_in
    from harness.commands import watch as commands
    from harness.commands.predict import reads_pictures
    from harness.report.console import make_console
    from harness.tasks.tables.form import Form

    places = commands.Places(folder, Path(runs), Path(baselines), _path(baseline), _path(state))
    pictures = reads_pictures(name, profile, folder)
    columns = [] if pictures else commands.columns_of(name, profile, folder, text, pair)
    held = pictures_in(data, image) if pictures else None
    place = as_file(data, columns) if held is None else nullcontext(held)
    with place as rows:
        table = commands.Table(rows, text, pair, image, group, labels,
                               Form(quotes=quotes, header=header),
                               cells_in(data, (group, labels)) if held is not None else {})
        return commands.watch(make_console(), name, profile, table, places, _path(json),
                              _path(prometheus))


def load(candidate: Folder, *, suite: Folder | None = None, profile: str | None = None,
         base: Folder | None = None, label: Names | None = None, max_length: int | None = None,
         suites: Folder = SUITES, runs: Folder = RUNS) -> Model:
    """A kept run or a model folder as a classifier in the manner of scikit-learn: `predict`,
    `predict_proba` and `classes_`.

    `suite` may be left out for a kept run, whose suite lies in `suites` under its name.
    `candidate`, `base`, `label` and `max_length` are as in `gate`. Raises HarnessError where there
    is no such run or folder, or it cannot answer the task.
    """
    from harness.common.waiting import settle_waiting

    settle_waiting()
    from harness.commands import model as commands
    from harness.commands.gate import Asked
    from harness.report.console import make_console

    name = commands.suite_of(os.fspath(candidate), _text(suite), Path(runs))
    return commands.load_model(make_console(), Asked(
        os.fspath(candidate), name, profile, Path(suites), Path(runs), _text(base), label or (),
        max_length))


def forget(model: Folder, *, base: Folder, suite: Folder, profile: str | None = None,
           suites: Folder = SUITES, output: Folder | None = None) -> Forgotten:
    """Measure what a model that was tuned elsewhere forgot, against its untouched base.

    `model` is a Hugging Face model folder or a PEFT adapter folder; `base` a backbone of the suite,
    or the base's folder. The suite's general items are asked. The figures are also written to
    `output` as JSON. Raises HarnessError for a suite that measures no forgetting, and folders that
    may not be loaded or do not fit together.
    """
    from harness.commands.named import check_named
    from harness.common.waiting import settle_waiting

    name, folder = os.fspath(suite), Path(suites)
    check_named(name, profile, folder)
    settle_waiting()
    from harness.commands import forget as commands

    return commands.forget(Path(model), os.fspath(base), name, profile, folder,
                           None if output is None else Path(output))


def export(run_id: str, *, suite: Folder, to: ExportFormat, output: Folder | None = None,
           profile: str | None = None, suites: Folder = SUITES, runs: Folder = RUNS) -> Exported:
    """Write the run `run_id` as a folder that is used without this package, and answer its test
    items again with what lies in there.

    `to` is merged (safetensors in fp32), bf16, onnx (a graph in fp32), int8 (the graph with its
    products in eight bits), gguf-f16 or gguf-q8_0 (a decoder as one GGUF file). Beside the weights
    lie tokenizer, model card, a program that answers, answers.json (which answers are others, and
    how fast it is), answers.parquet (every answer) and export.json. They are written
    into `output`, or exports/RUN_ID/TO. Raises HarnessError where there is no such run, it is no
    one model, or cannot be written so.
    """
    from harness.commands.named import check_named
    from harness.common.waiting import settle_waiting

    name, folder = os.fspath(suite), Path(suites)
    check_named(name, profile, folder)
    settle_waiting()
    from harness.commands import export as commands
    from harness.report.console import make_console

    return commands.export(make_console(), commands.Asked(run_id, name, profile, folder,
                                                          Path(runs)), to,
                           None if output is None else Path(output))


def approve(run_id: str, *, suite: Folder | None = None, note: str = "", anonymous: bool = False,
            keep_model: bool = False, profile: str | None = None,
            baselines: Folder = BASELINES, suites: Folder = SUITES, runs: Folder = RUNS
            ) -> Approved:
    """Make the run `run_id` the approved model of its suite; the one before goes into the history.

    `suite` is its suite, where its file is not called as it is; `note` says why. The name in git's
    configuration is kept with it, unless it is `anonymous`. `keep_model` copies what the run saved
    beside the baseline. `profile` is one that has the run's backbone. Where the suite keeps a part
    for the gate, the run answers it now. Raises HarnessError where there is no such run, or it is
    of another suite.
    """
    from harness.common.waiting import settle_waiting

    settle_waiting()
    from harness.commands import baseline as commands
    from harness.report.console import make_console

    return commands.approve(make_console(), commands.Asked(
        run_id, _text(suite), profile, Path(suites), Path(runs)), Path(baselines), note, anonymous,
        keep_model)


def baseline(suite: str, *, baselines: Folder = BASELINES) -> Approved:
    """What is approved for a suite, by whom and on what, and all that was before it.

    Raises HarnessError where nothing is, or the file is damaged.
    """
    from harness.commands import baseline as commands

    return commands.read(suite, Path(baselines))


def attempts(suite: str, *, baselines: Folder = BASELINES) -> Tried:
    """What was tried against the approved models of a suite: a row an attempt, with its outcome and
    its share of the 5%.

    Raises HarnessError where the log cannot be trusted.
    """
    from harness.commands import baseline as commands

    return commands.attempts(suite, Path(baselines))


def _path(path: Folder | None) -> Path | None:
    return None if path is None else Path(path)


def _text(path: Folder | None) -> str | None:
    return None if path is None else os.fspath(path)
