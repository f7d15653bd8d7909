"""From a user's own file to a suite, and a corpus of real-world messes."""

import io
import json

import pandas as pd
import pytest
from command_line import harness, refused
from rich.console import Console
from tiny import sentences

from harness.commands.columns import Columns
from harness.commands.init import Data, init
from harness.common.errors import HarnessError
from harness.suite import load_suite
from harness.tasks.task import load_task

COLUMNS = Columns("text", "label", None, "group", ("source",))
PLAIN = Columns("text", "label", None, None, ())


def start(tmp_path, data, columns=COLUMNS, name="mine"):
    """The new suite, its task, and what was said."""
    said = io.StringIO()
    (tmp_path / "suites").mkdir(exist_ok=True)
    console = Console(file=said, width=200)
    init(console, name, Data(str(data)), columns, tmp_path / "suites").print_on(console)
    loaded = load_suite(tmp_path / "suites" / f"{name}.yaml")
    return loaded, load_task(loaded), said.getvalue()


def write(frame, path, **how):
    {"csv": frame.to_csv, "tsv": lambda p, **k: frame.to_csv(p, sep="\t", **k),
     "parquet": lambda p, **k: frame.to_parquet(p),
     "jsonl": lambda p, **k: frame.to_json(p, orient="records", lines=True)}[
        path.suffix[1:]](path, **{"index": False} | how)
    return path


@pytest.mark.parametrize(("ending", "how"), [
    ("csv", {}), ("csv", {"sep": ";"}), ("csv", {"sep": "|"}), ("csv", {"sep": "\t"}),
    ("csv", {"encoding": "utf-8-sig"}), ("csv", {"encoding": "utf-16"}),
    ("csv", {"encoding": "cp1252"}), ("csv", {"lineterminator": "\r\n"}), ("tsv", {}),
    ("jsonl", {}), ("parquet", {})])
def test_every_format_gives_the_same_task(tmp_path, ending, how):
    frame = sentences()
    frame["text"] += ' naïve; "quoted"\nsecond line, |'
    loaded, task, said = start(tmp_path, write(frame, tmp_path / f"data.{ending}", **how))
    assert task.facts.kept == len(frame)
    texts = {e.text for part in (task.splits.train, task.splits.test) for e in part}
    assert texts <= set(frame["text"])
    assert task.facts.groups == frame["group"].nunique()
    assert {k for e in task.splits.test for k in e.slices} == {"source"}
    assert "120 rows: 120 kept" in said
    assert loaded.profile == "quick"
    assert {"smoke", "quick", "standard"} <= set(loaded.profiles)
    assert load_suite(loaded.source.path, "smoke").suite.budget.train == 24


def test_a_folder_of_texts(tmp_path):
    for i, row in sentences().iterrows():
        place = tmp_path / "texts" / row["label"] / f"{i % 3}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{i}.txt").write_text(row["text"])
    _, task, _ = start(tmp_path, tmp_path / "texts", Columns(None, None, None, None, ()))
    assert set(task.labels) == {"fruit", "metal", "metal alloy"}
    assert task.facts.kept == 120


def test_spellings_of_a_class_are_taken_as_one(tmp_path):
    frame = sentences()
    frame.loc[::4, "label"] = frame["label"].str.upper() + "  "
    loaded, task, said = start(tmp_path, write(frame, tmp_path / "data.csv"))
    assert len(task.labels) == 3
    assert task.facts.kept == 120
    assert "taken as one class" in said
    assert all(len(values) == 2 for values in loaded.suite.task.labels.values())


def test_pairs_two_classes_and_names_that_yaml_would_misread(tmp_path):
    frame = sentences()
    frame["label"] = ["yes: {no} #1" if i % 2 else "null" for i in range(len(frame))]
    frame["other"] = frame["text"].str.upper()
    loaded, task, _ = start(tmp_path, write(frame, tmp_path / "data.csv"),
                            Columns("text", "label", "other", None, ()))
    assert set(task.labels) == {"yes: {no} #1", "null"}
    assert task.splits.test[0].pair
    assert loaded.suite.decide.metric == "roc_auc"
    assert "say `group` above" in loaded.source.path.read_text()


def test_a_cell_of_ten_megabytes(tmp_path):
    frame = sentences()
    frame.loc[0, "text"] = "word " * 2_000_000
    _, task, said = start(tmp_path, write(frame, tmp_path / "data.csv"))
    assert task.facts.kept == 120
    assert "2,000,000 at most" in said


def test_texts_without_spaces_are_measured_by_letters(tmp_path):
    """Case cjk-classes: 151 signs were one word, read up to 32 tokens."""
    frame = sentences()
    frame["text"] = ["".join(chr(0x4E00 + (i * 31 + j * 7) % 500) for j in range(150)) + "。"
                     for i in range(len(frame))]
    loaded, _, said = start(tmp_path, write(frame, tmp_path / "data.csv"))
    assert "texts: 151 words in the median, 151 in the 90th percentile, 151 at most" in said
    assert load_suite(loaded.source.path, "standard").suite.budget.max_length == 256


def rows(*pairs):
    return pd.DataFrame(pairs, columns=["text", "label"])


MESSES = {
    "missing column": (lambda p: write(sentences().rename(columns={"text": "txt"}), p),
                       "no column 'text'", "Did you mean 'txt'"),
    "a delimiter that none uses": (lambda p: write(sentences(), p, sep="^"),
                                   "no column 'text' (it has text^label^group^source)",
                                   "text^label^group^source"),
    "more fields than names": (lambda p: p.write_text("text,label\nred, round,a\nflat,b,c\n"),
                               "data.csv:2: has 3 of 2 fields", "say its delimiter"),
    "a quote that never ends": (lambda p: p.write_text('text,label\n"red,a\n' + "flat,b\n" * 9),
                                "data.csv:2: a cell of this row begins", "--quotes none"),
    "one class": (lambda p: write(rows(*[(f"t{i}", "a") for i in range(20)]), p),
                  "all items have the class 'a'", "two classes"),
    "a class with one example": (
        lambda p: write(rows(("x", "b"), *[(f"t{i}", "ac"[i % 2]) for i in range(20)]), p),
        "too few items of the class 'b' (1)", "collect more"),
    "text for a class": (lambda p: write(rows(*[(f"t{i}", f"u{i}") for i in range(20)]), p),
                         "20 different labels in 20 rows", "Name it with --label"),
    "nul": (lambda p: p.write_bytes(b"text,label\na,b\nc\0d,e\n"), "data.csv:3: holds a NUL",
            "again"),
    "empty": (lambda p: p.write_bytes(b""), "is empty", "Give data"),
    "only a header": (lambda p: p.write_text("text,label\n"), "holds no texts", "Give data"),
    "no texts": (lambda p: write(rows(*[("  ", "ab"[i % 2]) for i in range(9)]), p),
                 "holds no texts", "Give data"),
    "a folder without texts": (lambda p: (p.mkdir(), (p / "a").mkdir()), "is a folder",
                               "Leave out"),
    "nothing": (lambda p: None, "there is no such file", "Name a table"),
    "two columns of one name": (
        lambda p: p.write_text("text,label,text\na,b,c\n"), "two columns are called 'text'",
        "Rename one"),
    "no labels": (lambda p: write(rows(*[(f"t{i}", "") for i in range(9)]), p),
                  "no row has a label", "Name the column with --label"),
    "a header of three megabytes": (lambda p: p.write_text("a" * 3_000_000 + ",b\nc,d\n"),
                                    f"it has {'a' * 60}…, b)", "has no header line?"),
    "a thousand columns": (
        lambda p: write(pd.DataFrame({f"c{i}": ["a"] for i in range(1000)}), p),
        "c18, c19 and 980 more)", "has no header line?"),
    "one text under two classes": (
        lambda p: write(rows(*[("same", "ab"[i % 2]) for i in range(20)]), p),
        "too few items of the classes 'a' (0), 'b' (0)", "collect more"),
}


@pytest.mark.parametrize("mess", MESSES)
def test_a_mess_is_two_lines_and_leaves_nothing(mess, tmp_path):
    make, found, fix = MESSES[mess]
    path = tmp_path / "data.csv"
    make(path)
    (tmp_path / "suites").mkdir()
    refused(harness("init", "mine", "--data", path, "--text", "text", "--label", "label",
                    "--suites", tmp_path / "suites"), found, fix)
    assert list((tmp_path / "suites").iterdir()) == []


def test_rows_without_a_label_are_left_out_and_counted(tmp_path):
    frame = sentences()
    frame.loc[::5, "label"] = None
    loaded, task, said = start(tmp_path, write(frame, tmp_path / "data.csv"))
    assert set(task.labels) == {"fruit", "metal", "metal alloy"}
    assert (task.facts.rows, task.facts.kept, task.facts.unlabelled) == (120, 96, 24)
    assert "24 without a label" in said
    text = loaded.source.path.read_text()
    loaded.source.path.write_text(text.replace("labels:  #", 'labels:\n    none: [""]  #'))
    listed = load_task(load_suite(loaded.source.path))
    assert (listed.facts.kept, listed.facts.unlabelled) == (120, 0), "a class where a suite says so"


def test_texts_under_two_classes_are_shown(tmp_path):
    frame = sentences()
    frame = pd.concat([frame, frame[7:12].assign(label="metal")])
    data = write(frame.assign(text=frame["text"].str.title()), tmp_path / "data.csv")
    said = start(tmp_path, data)[1].facts
    under_two = frame[7:12][frame["label"][7:12] != "metal"]
    assert said.conflicting == 2 * len(under_two) > 0
    assert said.conflicts == tuple(under_two["text"].str.title()[:3])


def test_rows_without_a_group_have_nothing_in_common(tmp_path):
    frame = sentences()
    frame.loc[::2, "group"] = [None, "  "] * 30
    _, task, _ = start(tmp_path, write(frame, tmp_path / "data.csv"))
    assert task.facts.groups == 120


@pytest.mark.parametrize("how", [{"sep": ";"}, {"encoding": "cp1252"}, {"encoding": "utf-16"}])
def test_a_packed_table_s_format_is_found_too(tmp_path, how):
    frame = sentences()
    frame["text"] += " naïve"
    path = tmp_path / "data.csv.gz"
    frame.to_csv(path, index=False, **how)
    _, task, _ = start(tmp_path, path)
    assert task.facts.kept == 120
    assert task.splits.test[0].text.endswith("naïve")


def test_a_folder_s_texts_are_read_in_their_encoding(tmp_path):
    for name in "ab":
        (tmp_path / "texts" / name).mkdir(parents=True)
        for i in range(8):
            # The last byte of the file is the only one that is not ASCII.
            (tmp_path / "texts" / name / f"{i}.txt").write_text(f"n{i} {name} café",
                                                                encoding="cp1252")
    _, task, _ = start(tmp_path, tmp_path / "texts", Columns(None, None))
    assert all(item.text.endswith("café") for item in task.splits.train)
    (tmp_path / "texts" / "a" / "0.txt").write_text("thé", encoding="utf-8")
    with pytest.raises(HarnessError, match=r"b/7.txt is cp1252; a/0.txt is utf-8-sig"):
        start(tmp_path, tmp_path / "texts", Columns(None, None), name="other")


@pytest.mark.parametrize(("words", "found", "fix"), [
    (["--data", "https://example.org/data.csv"], "addresses are not fetched", "Download the data"),
    (["--text", "label"], "--text and --label name one column: 'label'", "Name a column each"),
    (["--pair", "text"], "--text and --pair name one column: 'text'", "Name a column each"),
])
def test_words_that_cannot_be_meant(tmp_path, words, found, fix):
    data = write(sentences(), tmp_path / "data.csv")
    refused(harness("init", "mine", "--data", data, "--text", "text", "--label", "label",
                    "--suites", tmp_path / "suites", *words), found, fix)
    assert not list(tmp_path.rglob("*.yaml"))


def test_five_hundred_classes(tmp_path):
    frame = pd.DataFrame({"text": [f"text {i}" for i in range(2000)],
                          "label": [f"class {i % 500}" for i in range(2000)]})
    _, task, said = start(tmp_path, write(frame, tmp_path / "data.csv"), PLAIN)
    assert len(task.labels) == 500
    assert "and 480 more classes" in said


@pytest.mark.parametrize("words", [["--text", "text"], ["--label", "label"], []])
def test_a_table_without_its_columns_said(tmp_path, words):
    data = write(sentences(), tmp_path / "data.csv")
    refused(harness("init", "mine", "--data", data, *words, "--suites", tmp_path / "suites"),
            "data.csv: which columns hold text and class?", "--text COLUMN --label COLUMN")
    assert not list(tmp_path.rglob("*.yaml"))


@pytest.mark.parametrize(("ending", "content", "found", "fix"), [
    ("jsonl", b'{"text": 1\n', "cannot be read as jsonl: line 1", "one JSON object a line"),
    ("jsonl", b'[{"text": 1}, 2]', "object 2 of the list: not an object", "a list of objects"),
    ("jsonl", b'{"text": 1}\n[2]', "line 2: not an object", "one JSON object a line"),
    ("jsonl", b'{"text": "a", "text": "b"}', "line 1: 'text' stands twice", "one JSON object"),
    ("jsonl", b'{"text": {"en": "a"}, "label": "b"}', "column 'text' holds objects (with en)",
     "columns of their own"),
    ("jsonl", b"\xff\xfe\0", "cannot be read as jsonl", "in UTF-8"),
    ("parquet", b"PAR1 no", "cannot be read as parquet", "Write the file again"),
    ("json", b"[]", "data.json: holds no rows", "Give data"),
    ("xlsx", b"PK", "cannot be read as xlsx", "Save the sheet again"),
    ("xls", b"", "a table ends in .csv", "Save the sheet as .xlsx or CSV"),
    ("doc", b"", "data.doc: is empty", "Give data"),
    ("doc", b"a\0", "a table ends in .csv", "Convert the file")])
def test_files_that_are_not_what_they_say(tmp_path, ending, content, found, fix):
    path = tmp_path / f"data.{ending}"
    path.write_bytes(content)
    with pytest.raises(HarnessError) as error:
        start(tmp_path, path, PLAIN)
    assert found in error.value.found
    assert fix in error.value.fix


def test_a_column_of_structs_is_no_text(tmp_path):
    frame = sentences()
    frame["text"] = [{"en": text, "fr": ""} for text in frame["text"]]
    with pytest.raises(HarnessError, match=r"column 'text' holds objects \(with en, fr\)"):
        start(tmp_path, write(frame, tmp_path / "data.parquet"))


def test_a_suite_that_is_there_and_a_name_that_is_none(tmp_path):
    data = write(sentences(), tmp_path / "data.csv")
    loaded, _, _ = start(tmp_path, data)
    before = loaded.source.path.read_text()
    start(tmp_path, data)
    assert loaded.source.path.read_text() == before, "one that says the same stays"
    with pytest.raises(HarnessError, match="is there already, and says something else"):
        start(tmp_path, data, PLAIN)
    assert loaded.source.path.read_text() == before
    for name in ("../x", "A", "", "a b"):
        with pytest.raises(HarnessError, match="is no name"):
            start(tmp_path, data, name=name)
    assert json.dumps(sorted(p.name for p in tmp_path.iterdir())) == '["data.csv", "suites"]'


def test_every_profile_of_a_new_suite_cuts_texts_in_words(tmp_path):
    frame = sentences()
    frame["text"] = [" ".join([f"w{i}", *["word"] * 150]) for i in range(len(frame))]
    loaded, _, _ = start(tmp_path, write(frame, tmp_path / "data.csv"))
    read = {profile: load_suite(loaded.source.path, profile).suite.budget
            for profile in ("smoke", "quick", "standard")}
    assert {name: (b.max_length, b.max_words) for name, b in read.items()} == {
        "smoke": (48, 30), "quick": (64, 40), "standard": (256, 160)}
