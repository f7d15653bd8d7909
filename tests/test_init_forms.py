"""`init` on tables as people write them: one step, whatever the form."""

import io

import pandas as pd
import pytest
import yaml
from command_line import harness
from rich.console import Console
from tiny import sentences

from harness.commands.columns import Columns
from harness.commands.init import Data, init
from harness.commands.predict import _as_in
from harness.suite import load_suite
from harness.tasks.tables.form import Form
from harness.tasks.task import load_task

NUMBERED = Columns("1", "0")


def start(tmp_path, columns, whole, test=None, form=Form(header="none")):  # noqa: B008
    """The new suite and its task."""
    init(Console(file=io.StringIO()), "mine", Data(str(whole), test=test and str(test), form=form),
         columns, tmp_path)
    loaded = load_suite(tmp_path / "mine.yaml")
    return loaded, load_task(loaded)


def options(loaded):
    return loaded.suite.task.reader.options


def rows():
    return sentences()[["label", "text"]]


@pytest.mark.parametrize("ending", ["csv", "tsv", "xlsx", "csv.gz", "txt", ""])
def test_a_table_without_a_header_needs_one_step(tmp_path, ending):
    """Case no-header: columns by number, from 0."""
    path = tmp_path / f"data.{ending}".rstrip(".")
    if ending == "xlsx":
        rows().to_excel(path, index=False, header=False)
    else:
        rows().to_csv(path, index=False, header=False, sep=",\t"["csv" not in ending])
    loaded, task = start(tmp_path, NUMBERED, path)
    assert options(loaded) == {"header": "none", "text": "1", "label": "0"}
    assert task.facts.kept == len(rows())
    assert set(task.labels) == set(rows()["label"])
    assert _as_in(loaded, Form()).header == "none", "for predict, which takes the same columns"


def test_given_splits_without_a_header(tmp_path):
    whole = rows()
    whole[:80].to_csv(tmp_path / "train.csv", index=False, header=False)
    whole[80:].to_csv(tmp_path / "test.csv", index=False, header=False)
    _, task = start(tmp_path, NUMBERED, tmp_path / "train.csv", tmp_path / "test.csv")
    assert {item.text for item in task.splits.test} == set(whole["text"][80:])


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_a_table_without_quoting_needs_one_step(tmp_path, ending):
    """Case lone-quotes: all rows, marks and all, and the suite says how it was read."""
    frame = rows()
    frame.loc[::30, "text"] = '"' + frame["text"][::30]
    sep = "\t" if ending == "tsv" else ","
    lines = [sep.join(row) for row in [tuple(frame), *frame.itertuples(index=False)]]
    (tmp_path / f"data.{ending}").write_text("\n".join([*lines, ""]))
    said = harness("init", "mine", "--data", tmp_path / f"data.{ending}", "--text", "text",
                   "--label", "label", "--quotes", "none", "--suites", tmp_path,
                   HARNESS_CACHE=str(tmp_path / "cache"))
    assert said.code == 0, said.err
    assert "120 rows: 120 kept" in said.out
    reader = yaml.safe_load((tmp_path / "mine.yaml").read_text())["task"]["reader"]
    assert reader == {"table": {"quotes": "none", "text": "text", "label": "label"}}
    task = load_task(load_suite(tmp_path / "mine.yaml"))
    texts = {item.text for part in (task.splits.train, task.splits.validation, task.splits.test)
             for item in part}
    assert texts == set(frame["text"])


@pytest.mark.parametrize("name", ["data.json", "data.ndjson", "data.xlsx", "data"])
def test_lists_sheets_and_files_without_an_ending_need_no_word(tmp_path, name):
    path = tmp_path / name
    if name.endswith("xlsx"):
        rows().to_excel(path, index=False)
    elif name == "data":
        pd.DataFrame(rows()).to_parquet(path)
    else:
        rows().to_json(path, orient="records", lines=name.endswith("ndjson"))
    loaded, task = start(tmp_path, Columns("text", "label"), path, form=Form())
    assert options(loaded) == {"text": "text", "label": "label"}
    assert task.facts.kept == len(rows())
