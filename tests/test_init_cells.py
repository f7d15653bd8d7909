"""What cells mean: lists, Unicode forms, invisible texts, numbers with a decimal point, labels that
`datasets` numbers or hides."""

import io
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from rich.console import Console
from test_init import start, write

from harness.commands.columns import Columns
from harness.commands.init import Data, init
from harness.common.errors import HarnessError
from harness.suite import load_suite
from harness.tasks.task import class_counts, load_task

TOPICS = ("sport", "music", "food", "art", "travel", "health", "money", "weather")
PLAIN = Columns("text", "label")


def begin(tmp_path, columns=PLAIN, name="mine", **files):
    """The new suite, its task, and what was said: of splits in files of their own."""
    said = io.StringIO()
    (tmp_path / "suites").mkdir(exist_ok=True)
    data = Data(str(files.pop("train")), **{split: str(path) for split, path in files.items()})
    console = Console(file=said, width=300)
    init(console, name, data, columns, tmp_path / "suites").print_on(console)
    loaded = load_suite(tmp_path / "suites" / f"{name}.yaml")
    return loaded, load_task(loaded), said.getvalue()


def items(task):
    return (task.splits.train, task.splits.validation, task.splits.test)


def topics(rows=240):
    """Texts with 1 to 3 of 8 topics in ever other orders, and how many have each."""
    sets = [[TOPICS[(i * (2 * k + 1) + i // 8 + k) % 8] for k in range(1 + i % 3)]
            for i in range(rows)]
    counts = {topic: sum(topic in own for own in sets) for topic in TOPICS}
    return [(f"{' '.join(own)} in text {i}", own) for i, own in enumerate(sets)], counts


WRITTEN = {"json": json.dumps, "python": str, "numpy": lambda own: str(own).replace(",", "")}


@pytest.mark.parametrize("how", ["jsonl", "parquet", *WRITTEN])
def test_each_entry_of_a_list_is_a_class(tmp_path, how):
    """Case multilabel-lists: a list needs no separator, whichever way it is written."""
    rows, counts = topics()
    frame = pd.DataFrame(rows, columns=["text", "label"])
    path = tmp_path / f"data.{'csv' if how in WRITTEN else how}"
    if how in WRITTEN:
        frame["label"] = frame["label"].map(WRITTEN[how])
    loaded, task, said = start(tmp_path, write(frame, path), PLAIN)
    assert task.kind == "multilabel"
    assert class_counts(items(task), task.labels) == counts
    assert "a text may have several classes (in lists)" in said
    assert "separator" not in yaml.safe_load(
        loaded.source.path.read_text())["task"]["reader"]["table"]


def test_an_empty_list_is_no_class_and_an_entry_counts_once(tmp_path):
    sets = [["a", "a", "b"], [], ["b"], ["a"]] * 6
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps({"text": f"text {i}", "label": own}) + "\n"
                            for i, own in enumerate(sets)))
    _, task, said = start(tmp_path, path, PLAIN)
    assert class_counts(items(task), task.labels) == {"a": 12, "b": 12}
    assert "1.00 in the mean, none for 6" in said


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_lists_of_places_without_names_are_refused(tmp_path, ending):
    """Case multilabel-one-hot."""
    frame = pd.DataFrame({"text": [f"text {i}" for i in range(24)],
                          "label": [[i % 2, 1 - i % 2, int(i % 3 == 0)] for i in range(24)]})
    with pytest.raises(HarnessError, match=r"lists of 3 numbers, 0 and 1 alone, such as "
                                           r"\[1, 0, 1\]: one place a class"):
        start(tmp_path, write(frame, tmp_path / f"data.{ending}"), PLAIN)
    assert not list((tmp_path / "suites").iterdir())


def accented(numbers, composed):
    """Texts and two classes with accents, in one character or in two."""
    cafe, over, deja = (("caf\xe9", "\xfcber", "d\xe9j\xe0") if composed else
                        ("cafe\u0301", "u\u0308ber", "de\u0301ja\u0300"))
    return pd.DataFrame([(f"{deja} vu text {i}", cafe if i % 2 else over) for i in numbers],
                        columns=["text", "label"])


def test_canonical_equivalents_are_one_class_and_one_text(tmp_path):
    """Case unicode-forms: 40 texts stand in both files, in two forms."""
    train = write(accented(range(80), composed=True), tmp_path / "train.csv")
    test = write(accented(range(40, 120), composed=False), tmp_path / "test.csv")
    _, task, said = begin(tmp_path, train=train, test=test)
    assert set(task.labels) == {"caf\xe9", "\xfcber"}
    assert [(leak.what, leak.count) for leak in task.facts.leaks] == [("items", 40)]
    assert "40 items stand in two of the given splits" in said
    assert {e.text for e in task.splits.test} == set(accented(range(40, 120), False)["text"])


def test_a_suite_s_classes_are_known_in_any_form(tmp_path):
    loaded, _, _ = start(tmp_path, write(accented(range(60), composed=True),
                                         tmp_path / "data.csv"), PLAIN)
    write(accented(range(60), composed=False), tmp_path / "data.csv")
    again = load_task(load_suite(loaded.source.path))
    assert again.facts.kept == 60
    assert class_counts(items(again), again.labels) == {"caf\xe9": 30, "\xfcber": 30}


def test_two_classes_cannot_have_one_value_in_two_forms(tmp_path):
    loaded, _, _ = start(tmp_path, write(accented(range(60), composed=True),
                                         tmp_path / "data.csv"), PLAIN)
    path = loaded.source.path
    path.write_text(path.read_text().replace('"\xfcber": ["\xfcber"]',
                                             '"\xfcber": ["\xfcber", "cafe\u0301"]'))
    with pytest.raises(HarnessError, match="a label value stands under two classes"):
        load_suite(path)


def fruit(rows=60):
    return pd.DataFrame([(f"the {name} number {i}", label) for i in range(rows // 3)
                         for name, label in (("pear", "fruit"), ("iron", "metal"),
                                             ("slate", "stone"))], columns=["text", "label"])


@pytest.mark.parametrize("text", ["   ", "\u200b\ufeff\xa0", "\u2060", "\u3164"])
def test_a_text_that_nobody_can_see_is_none(tmp_path, text):
    """Case invisible-text."""
    frame = fruit()
    frame.loc[1, "text"], frame.loc[5, "text"] = text, " "
    _, task, said = start(tmp_path, write(frame, tmp_path / "data.csv"), PLAIN)
    assert task.facts.empty == 2
    assert "2 without text" in said


DATES = [f"2024/{month:02}/{day:02}" for month in (1, 2) for day in (1, 2, 3)]
NAMES = [f"{place}, {colour}" for place in ("Berg", "Tal", "See") for colour in ("rot", "blau")]


@pytest.mark.parametrize(("labels", "sign"), [(DATES, "/"), (NAMES, ",")])
def test_a_sign_in_every_label_is_told_and_not_taken(tmp_path, labels, sign):
    """Case labels-with-slash."""
    frame = pd.DataFrame({"text": [f"text {i}" for i in range(120)], "label": labels * 20})
    path = write(frame, tmp_path / "data.csv")
    _, task, said = start(tmp_path, path, PLAIN)
    assert task.kind == "classification"
    assert class_counts(items(task), task.labels) == dict.fromkeys(labels, 20)
    assert f"100% of the labels hold '{sign}': say --separator '{sign}'" in said
    assert "--separator none where not" in said
    _, task, said = start(tmp_path, path, Columns("text", "label", separator="none"), "none")
    assert set(task.labels) == set(labels)
    assert "of the labels hold" not in said
    _, task, _ = start(tmp_path, path, Columns("text", "label", separator=sign), "several")
    assert task.kind == "multilabel"


def test_a_separator_may_be_none_where_labels_behave_as_sets(tmp_path):
    labels = ["a;b", "b;c", "c;a", "a", "b;a"]
    frame = pd.DataFrame({"text": [f"text {i}" for i in range(50)], "label": labels * 10})
    path = write(frame, tmp_path / "data.csv")
    assert start(tmp_path, path, PLAIN)[1].kind == "multilabel"
    _, task, _ = start(tmp_path, path, Columns("text", "label", separator="none"), "none")
    assert set(task.labels) == set(labels)


@pytest.mark.parametrize("separator", ["", "a long separator"])
def test_a_separator_that_can_be_none_has_words_of_its_own(tmp_path, separator):
    """Case labels-with-slash: `--separator ""`."""
    path = write(fruit(), tmp_path / "data.csv")
    with pytest.raises(HarnessError, match=f"--separator '{separator}'") as error:
        start(tmp_path, path, Columns("text", "label", separator=separator))
    assert "or none where a label is one class" in error.value.fix


def test_groups_are_the_same_with_a_decimal_point_or_without(tmp_path):
    """Case groups-as-floats: pages 0 to 9 stand in both files."""
    train, test = fruit(), fruit(30)
    test["text"] += " again"
    train["page"], test["page"] = [i // 2 for i in range(60)], [i // 3 for i in range(30)]
    train["page"] = train["page"].astype(float)
    train.loc[59, "page"] = None
    columns = Columns("text", "label", group="page")
    _, task, said = begin(tmp_path, columns, train=write(train, tmp_path / "train.csv"),
                          test=write(test, tmp_path / "test.csv"))
    assert "0.0" in (tmp_path / "train.csv").read_text()
    assert [(leak.what, leak.count) for leak in task.facts.leaks] == [("groups", 10)]
    assert "10 groups stand in two of the given splits" in said


def test_names_like_numbers_stay_apart(tmp_path):
    frame = fruit()
    frame["page"] = [("007", "7", "1.1", "1.10")[i % 4] for i in range(60)]
    columns = Columns("text", "label", group="page")
    _, task, _ = start(tmp_path, write(frame, tmp_path / "data.csv"), columns)
    assert {e.group for part in items(task) for e in part} == {"007", "7", "1.1", "1.10"}


def test_labels_and_slices_are_the_same_with_a_decimal_point_or_without(tmp_path):
    train, test = fruit(), fruit(30)
    test["text"] += " again"
    for frame, kind in ((train, float), (test, int)):
        frame["label"] = (frame.index % 3).astype(kind)
        frame["source"] = frame["label"]
    columns = Columns("text", "label", slices=("source",))
    _, task, _ = begin(tmp_path, columns, train=write(train, tmp_path / "train.csv"),
                       test=write(test, tmp_path / "test.csv"))
    assert set(task.labels) == {"0.0", "1.0", "2.0"}
    assert {e.slices["source"] for part in items(task) for e in part} == set(task.labels)


def numbered(path, labels, names=("negative", "positive"), feature=None, kind=None):
    """A Parquet file as `datasets` writes it: classes have names; -1 hides one."""
    table = pa.table({"text": [f"thing {path.stem} {i}" for i in range(len(labels))],
                      "label": pa.array(labels, kind or pa.int64())})
    noted = feature or {"names": list(names), "_type": "ClassLabel"}
    features = {"text": {"dtype": "string", "_type": "Value"}, "label": noted}
    meta = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(table.replace_schema_metadata(meta), path)
    return path


@pytest.fixture
def glue(tmp_path):
    return {"train": numbered(tmp_path / "train.parquet", [i % 2 for i in range(120)]),
            "validation": numbered(tmp_path / "validation.parquet", [i % 2 for i in range(40)]),
            "test": numbered(tmp_path / "test.parquet", [-1] * 60)}


def test_hidden_labels_are_no_class_and_their_split_no_part(tmp_path, glue):
    """Case glue-minus-one: test has no labels; the classes are negative and positive."""
    loaded, task, said = begin(tmp_path, **glue)
    assert "test.parquet: none of the 60 test rows has a label: left out." in said
    assert "The validation file is for testing; validation is dealt from train." in said
    assert set(task.labels) == {"negative", "positive"}
    assert len(task.splits.test) == 40
    assert loaded.suite.task.source.validation is None
    assert {e.text for e in task.splits.test} == {f"thing validation {i}" for i in range(40)}
    del glue["validation"]
    _, task, said = begin(tmp_path, name="dealt", **glue)
    assert "Validation and test are dealt from the training file." in said
    assert sum(map(len, items(task))) == 120


@pytest.mark.parametrize("label", ["-1", "-1.0", ""])
def test_labels_are_hidden_in_other_tables_too(tmp_path, label):
    """No metadata: all of a split is -1, or empty, beside numbers from 0 up."""
    frames = {split: fruit(rows) for split, rows in (("train", 60), ("test", 30))}
    frames["train"]["label"] = frames["train"].index % 3
    frames["test"]["label"] = label
    frames["test"]["text"] += " again"
    _, task, said = begin(tmp_path, **{split: write(frame, tmp_path / f"{split}.csv")
                                       for split, frame in frames.items()})
    assert "test.csv: none of the 30 test rows has a label: left out." in said
    assert set(task.labels) == {"0", "1", "2"}


def test_minus_one_is_a_class_where_it_is_one(tmp_path):
    frame = fruit()
    frame["label"] = frame.index % 3 - 1
    _, task, _ = start(tmp_path, write(frame, tmp_path / "data.csv"), PLAIN)
    assert set(task.labels) == {"-1", "0", "1"}


def test_some_hidden_labels_are_counted(tmp_path):
    path = numbered(tmp_path / "data.parquet", [i % 3 - 1 for i in range(90)])
    _, task, said = start(tmp_path, path, PLAIN)
    assert set(task.labels) == {"negative", "positive"}
    assert "30 without a label" in said


def test_a_hidden_training_split_or_one_in_a_column_is_refused(tmp_path, glue):
    glue["train"], glue["test"] = glue["test"], glue["train"]
    with pytest.raises(HarnessError, match=r"test.parquet: none of the 60 train rows has a label"):
        begin(tmp_path, **glue)
    frame = fruit()
    frame["part"] = ["train"] * 40 + ["test"] * 20
    frame.loc[40:, "label"] = ""
    with pytest.raises(HarnessError, match=r"data.csv: none of the 20 test rows has a label"):
        start(tmp_path, write(frame, tmp_path / "data.csv"),
              Columns("text", "label", split="part"))


EMOTIONS = ["joy", "anger", "fear", "neutral"]
CLASS_LABEL = {"names": EMOTIONS, "_type": "ClassLabel"}


@pytest.mark.parametrize("feature", [
    {"feature": CLASS_LABEL, "_type": "Sequence"}, {"feature": CLASS_LABEL, "_type": "List"},
    {"feature": CLASS_LABEL, "_type": "LargeList"}, [CLASS_LABEL]])
@pytest.mark.parametrize("kind", [pa.list_(pa.int64()), pa.large_list(pa.int32())])
def test_numbered_classes_in_lists_have_their_names(tmp_path, feature, kind):
    """Case list-of-classlabel: the ways in which `datasets` notes a list of classes."""
    sets = [[i % 4, (i + 1) % 4] if i % 8 == 0 else [i % 4] for i in range(240)]
    path = numbered(tmp_path / "data.parquet", sets, feature=feature, kind=kind)
    _, task, _ = start(tmp_path, path, PLAIN)
    assert task.kind == "multilabel"
    assert set(task.labels) == set(EMOTIONS)


def test_a_number_has_one_name_in_all_files(tmp_path, glue):
    numbered(glue["validation"], [i % 2 for i in range(40)], ("positive", "negative"))
    with pytest.raises(HarnessError, match=r"train\.parquet and validation\.parquet number their "
                                           r"classes otherwise: negative, positive; positive, neg"):
        begin(tmp_path, **glue)
    numbered(glue["validation"], [i % 2 for i in range(40)], ("negative", "positive", "mixed"))
    assert set(begin(tmp_path, **glue)[1].labels) == {"negative", "positive"}


def test_a_hidden_class_in_a_list_is_refused(tmp_path):
    path = numbered(tmp_path / "data.parquet", [[0], [1, 0], [-1]] * 20, kind=pa.list_(pa.int64()),
                    feature=[CLASS_LABEL])
    with pytest.raises(HarnessError, match="20 lists of classes hold -1"):
        start(tmp_path, path, PLAIN)


@pytest.mark.parametrize("values", [[True, False], ["yes", "no "]])
def test_truth_values_and_categories_are_classes(tmp_path, values):
    frame = pd.DataFrame({"text": [f"text {i}" for i in range(40)],
                          "label": pd.Categorical([values[i % 2] for i in range(40)])})
    _, task, _ = start(tmp_path, write(frame, tmp_path / "data.parquet"), PLAIN)
    assert set(task.labels) == {str(value).strip() for value in values}


@pytest.mark.parametrize("label", [[["a"], ["b"]], [{"label": "a"}]])
def test_lists_within_lists_are_refused(tmp_path, label):
    frame = pd.DataFrame({"text": [f"text {i}" for i in range(20)], "label": [label] * 20})
    with pytest.raises(HarnessError, match=r"data\.jsonl: a list holds lists or objects"):
        start(tmp_path, write(frame, tmp_path / "data.jsonl"), PLAIN)
