import bz2
import dataclasses
import gzip
import json
import lzma

import pandas as pd
import plainly
import pyarrow as pa
import pytest
from tiny import sentences

from harness.common.errors import HarnessError
from harness.suite import Split
from harness.tasks.examples import Row
from harness.tasks.prepare import RowsAt, read_rows
from harness.tasks.readers import READERS
from harness.tasks.readers.licensedcode import LicensedcodeOptions, read_licensedcode
from harness.tasks.readers.tables import SplitColumn, TableOptions, read_table
from harness.tasks.tables import parquet
from harness.tasks.task import load_task

FRAME = pd.DataFrame({"q": ["one, \"two\"", "three\nfour"], "c": ["x", "y"], "l": ["1", "0"]})
PINNED = {"items": "f433f343568934f3ba7690f2e22ff5ddec7045289a2feb6d0cc17d667d7b7a1b",
          "groups": "0fced4721235ff99c609ec884019f9bd5fe5530e7870bd6dd2c4084d6beb248a"}
"""The splits of the tiny suite: dealt by items as since its first run, and by groups."""


def as_arrow(path, new):
    table = pa.Table.from_pandas(FRAME)
    with new(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=1)


def test_what_datasets_saved_to_disk_is_a_folder_of_one_table_with_its_classes(tmp_path):
    import datasets

    label = datasets.ClassLabel(names=["sound", "broken"])
    saved = datasets.Dataset.from_dict({"q": ["one", "two"], "l": [1, 0]},
                                       datasets.Features(q=datasets.Value("string"), l=label))
    saved.save_to_disk(tmp_path / "data")
    rows = list(read_table(tmp_path / "data", TableOptions(text="q", label="l")))
    assert [(row.text, row.label) for row in rows] == [("one", "1"), ("two", "0")]
    (file,) = (tmp_path / "data").glob("*.arrow")
    assert parquet.class_names(file, "l") == ("sound", "broken")


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "json", "xlsx", "parquet", "arrow",
                                    "stream.arrow"])
def test_a_table_reads_the_same_from_every_format(tmp_path, ending):
    path = tmp_path / f"data.{ending}"
    {"csv": lambda: FRAME.to_csv(path, index=False),
     "tsv": lambda: FRAME.to_csv(path, index=False, sep="\t"),
     "jsonl": lambda: FRAME.to_json(path, orient="records", lines=True),
     "json": lambda: FRAME.to_json(path, orient="records"),
     "xlsx": lambda: FRAME.to_excel(path, index=False),
     "parquet": lambda: FRAME.to_parquet(path),
     "arrow": lambda: as_arrow(path, pa.ipc.new_file),
     "stream.arrow": lambda: as_arrow(path, pa.ipc.new_stream)}[ending]()
    options = TableOptions(text="q", pair="c", label="l", group="c", slices=("c",))
    rows = list(read_table(path, options))
    assert [(r.text, r.pair, r.label, r.group, r.slices) for r in rows] == [
        ("one, \"two\"", "x", "1", "x", {"c": "x"}), ("three\nfour", "y", "0", "y", {"c": "y"})]


def test_a_missing_column_names_the_nearest(tmp_path):
    path = tmp_path / "data.csv"
    FRAME.rename(columns={"q": "clause"}).to_csv(path, index=False)
    with pytest.raises(HarnessError, match="no column 'clauses'") as error:
        list(read_table(path, TableOptions(text="clauses", label="l")))
    assert error.value.fix == "Did you mean 'clause'?"


PACKED = {"bz2": bz2.compress, "gz": gzip.compress, "xz": lzma.compress}


@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_packed_table_reads_as_the_plain_one_does(tmp_path, ending, packing):
    plain = tmp_path / f"data.{ending}"
    {"csv": lambda: FRAME.to_csv(plain, index=False),
     "jsonl": lambda: FRAME.to_json(plain, orient="records", lines=True),
     "parquet": lambda: FRAME.to_parquet(plain)}[ending]()
    packed = tmp_path / f"data.{ending}.{packing.upper()}"
    packed.write_bytes(PACKED[packing](plain.read_bytes()))
    options = TableOptions(text="q", pair="c", label="l")
    assert list(read_table(packed, options)) == list(read_table(plain, options))


@pytest.mark.parametrize("packing", PACKED)
def test_a_table_that_unpacks_to_far_more_than_it_is_stays_packed(tmp_path, packing):
    path = tmp_path / f"data.csv.{packing}"
    path.write_bytes(PACKED[packing](b"text,label\n" + b"0" * 3_000_000))
    most = 200 * path.stat().st_size
    with pytest.raises(HarnessError, match=f"would unpack to more than {most:,} bytes"):
        list(read_table(path, TableOptions(text="text", label="label")))


@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("damage", [lambda b: b[:-12], lambda b: b"no" + b, lambda b: b""],
                         ids=["cut", "other bytes", "empty"])
def test_a_damaged_packed_table_is_an_error_of_ours(tmp_path, packing, damage):
    path = tmp_path / f"data.csv.{packing}"
    path.write_bytes(damage(PACKED[packing](b"text,label\na,b\n" * 50)))
    said = r"data\.csv\.\w+: (cannot be read as csv: |holds no rows)"
    with pytest.raises(HarnessError, match=said):
        list(read_table(path, TableOptions(text="text", label="label")))


def test_a_packed_file_that_is_no_table_is_named_by_what_it_holds(tmp_path):
    path = tmp_path / "data.bin.gz"
    path.write_bytes(gzip.compress(b"text\0"))
    with pytest.raises(HarnessError, match=r"data\.bin\.gz: a table ends in \.csv, "):
        list(read_table(path, TableOptions(text="text", label="label")))


def test_the_lines_of_types_below_the_header_of_an_orange_table_are_no_items(tmp_path):
    path = tmp_path / "data.tab"
    path.write_text("Category\tText\nd\tstring\nclass\t\nearn\tnet profit\n\nship\ta port\n")
    rows = list(read_table(path, TableOptions(text="Text", label="Category", skip=2)))
    assert [(r.text, r.label) for r in rows] == [("net profit", "earn"), ("a port", "ship")]
def test_how_many_rows_are_held_at_once_changes_nothing(tmp_path, monkeypatch):
    frame = pd.DataFrame({"q": [f"line {i}\nof {i}" for i in range(7)],
                          "l": pd.array([1, 0, None, 1, 0, 1, 1], dtype="Int64")})
    path = tmp_path / "data.parquet"
    frame.to_parquet(path)
    options = TableOptions(text="q", label="l")
    whole = list(read_table(path, options))
    assert [row.label for row in whole] == ["1", "0", "", "1", "0", "1", "1"]
    for rows in (1, 2, 3):
        monkeypatch.setattr(parquet, "ROWS", rows)
        assert list(read_table(path, options)) == whole


def test_a_line_of_json_may_lack_a_column_that_another_has(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"q": "a"}\n\n{"q": "b", "l": "x"}\n')
    assert [row.label for row in read_table(path, TableOptions(text="q", label="l"))] == ["", "x"]
    with pytest.raises(HarnessError, match="no column 'g'"):
        list(read_table(path, TableOptions(text="q", label="l", group="g")))


def test_the_tables_of_a_folder_are_one(tmp_path):
    (tmp_path / "sub").mkdir()
    FRAME[:1].to_parquet(tmp_path / "sub" / "a.parquet")
    FRAME[1:].to_csv(tmp_path / "z.csv", index=False)
    (tmp_path / "README.md").write_text("no table")
    (tmp_path / "notes.json").write_text('{"rows": 2}')
    rows = list(read_table(tmp_path, TableOptions(text="q", label="l")))
    assert [row.label for row in rows] == ["1", "0"]


def test_a_column_names_the_split_and_a_strange_value_is_an_error(tmp_path):
    path = tmp_path / "data.csv"
    FRAME.assign(s=["fit", " held "]).to_csv(path, index=False)
    options = TableOptions(text="q", label="l", split=SplitColumn(
        column="s", train=("fit",), test=("held",)))
    assert [row.split for row in read_table(path, options)] == ["train", "test"]
    with pytest.raises(HarnessError, match="'s' is 'fit', which is no split"):
        list(read_table(path, TableOptions(text="q", label="l", split=SplitColumn(column="s"))))


def test_a_split_is_said_once(tmp_path):
    path = tmp_path / "data.csv"
    FRAME.assign(s="train").to_csv(path, index=False)
    options = TableOptions(text="q", label="l", split=SplitColumn(column="s"))
    with pytest.raises(HarnessError, match="and its rows name their split themselves"):
        list(read_rows([RowsAt(path, "test")], READERS["table"], options))


def rule(folder, name, body, **front):
    lines = "".join(f"{k}: {v}\n" for k, v in front.items())
    (folder / name).write_text(f"---\n{lines}---\n\n{body}")


@pytest.fixture
def licences(tmp_path):
    (tmp_path / "licenses").mkdir()
    (tmp_path / "rules").mkdir()
    for key, category in (("mit", "Permissive"), ("bsd", "Permissive"), ("gpl", "Copyleft"),
                          ("shareware", "Commercial")):
        rule(tmp_path / "licenses", f"{key}.LICENSE", f"{key} licence " * 400, key=key,
             category=category)
    rules, body = tmp_path / "rules", "word " * 30
    rule(rules, "a.RULE", body, license_expression="mit OR bsd", is_license_notice="yes")
    rule(rules, "b.RULE", body, license_expression="mit AND gpl", is_license_text="yes")
    rule(rules, "c.RULE", body, license_expression="gpl", is_license_reference="yes")
    rule(rules, "d.RULE", body, license_expression="gpl", is_license_notice="yes",
         is_false_positive="yes")
    rule(rules, "e.RULE", "too short", license_expression="gpl", is_license_notice="yes")
    rule(rules, "f.RULE", body, license_expression="(shareware WITH shareware)",
         is_license_text="yes")
    return tmp_path


def test_licence_rules_of_one_category_are_taken(licences):
    options = LicensedcodeOptions(merge={"Commercial": "Proprietary"})
    rows = list(read_licensedcode(licences, options))
    taken = {(r.group, r.label, r.slices["kind"]) for r in rows if r.slices["kind"] != "licence"}
    assert taken == {("mit OR bsd", "Permissive", "notice"),
                     ("(shareware WITH shareware)", "Proprietary", "text")}
    texts = [r for r in rows if r.slices["kind"] == "licence"]
    assert {len(r.text.split()) for r in texts} == {300}
    assert {r.group for r in texts} == {"mit", "bsd", "gpl", "shareware"}


def test_a_rule_without_front_matter_is_an_error(licences):
    (licences / "rules" / "g.RULE").write_text("no front matter")
    with pytest.raises(HarnessError, match=r"g\.RULE: no front matter"):
        list(read_licensedcode(licences, LicensedcodeOptions()))


def test_a_task_is_the_same_from_the_cache(loaded):
    first, again = load_task(loaded), load_task(loaded)
    assert first.sha256 == again.sha256
    assert first.facts == again.facts
    parts = (first.splits.train, first.splits.validation, first.splits.test)
    assert sum(map(len, parts)) == first.facts.kept == 120
    plain, _ = plainly.deduplicate(
        [Row(r.text, r.label, group=r.group) for r in sentences().itertuples()],
        {name: i for i, name in enumerate(first.labels)})
    assert first.splits.sha256 == PINNED["groups"]
    spec = loaded.suite.task
    by_items = spec.model_copy(update={"split": Split(by="items")})
    before = load_task(dataclasses.replace(
        loaded, suite=loaded.suite.model_copy(update={"task": by_items})))
    assert before.splits.sha256 == PINNED["items"]
    assert before.splits.sha256 == plainly.sha256(plainly.split(plain, 0.15, 0.25, 0))
    assert json.dumps(first.splits.train[0].slices) == json.dumps(again.splits.train[0].slices)


def test_rows_with_labels_not_listed_stop_a_task(loaded):
    data = loaded.folder / "data.csv"
    frame = pd.read_csv(data)
    frame.loc[0, "label"] = "stone"
    frame.to_csv(data, index=False)
    with pytest.raises(HarnessError, match="1 of 120 rows have a label not listed"):
        load_task(loaded)


def test_a_lexicon_is_read_by_words_and_stems(tmp_path):
    path = tmp_path / "lexicon.txt"
    path.write_text(":)\t2.0\t0.5\t[2]\nabandon\t-1.9\t0.5\t[-2]\nabandons\t-1.3\t0.4\t[-1]\n")
    rows = list(READERS["lexicon"].read(path, READERS["lexicon"].options()))
    assert [(r.text, r.label, r.group) for r in rows] == [
        ("abandon", "-1.9", "abandon"), ("abandons", "-1.3", "abandon")]
    every = READERS["lexicon"].options(letters=False)
    assert next(READERS["lexicon"].read(path, every)).text == ":)"
    path.write_text("abandon\n")
    with pytest.raises(HarnessError, match=r"lexicon\.txt:1: is not"):
        list(READERS["lexicon"].read(path, every))


def test_readers_are_registered():
    assert set(READERS) == {"table", "licensedcode", "lexicon", "folders", "questions",
                            "conll", "phrases", "pictures", "picture_table", "pixels"}


def test_a_quotation_mark_that_takes_rows_for_one_text_is_said(tmp_path):
    path = tmp_path / "data.tsv"
    path.write_text('text\tlabel\n"He left\tneg\nNice "film" here\tpos\nfine\tpos\n')
    with pytest.raises(HarnessError, match=r"data\.tsv:2: a cell of this row begins"):
        list(read_table(path, TableOptions(text="text", label="label")))


def test_a_quoted_cell_may_hold_a_delimiter_and_a_line_break(tmp_path):
    path, clause = tmp_path / "data.tsv", 'Fees:\t"ten"\nper\tmonth ' + "x" * 200_000
    pd.DataFrame({"text": [clause, "other"], "label": ["pos", "neg"]}).to_csv(
        path, index=False, sep="\t")
    read = list(read_table(path, TableOptions(text="text", label="label")))
    assert [(r.text, r.label) for r in read] == [(clause, "pos"), ("other", "neg")]
