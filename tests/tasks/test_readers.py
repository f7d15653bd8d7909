import json

import pandas as pd
import pytest

from harness.common.errors import HarnessError
from harness.tasks.readers import READERS
from harness.tasks.readers.licensedcode import LicensedcodeOptions, read_licensedcode
from harness.tasks.readers.tables import TableOptions, read_table
from harness.tasks.task import load_task

FRAME = pd.DataFrame({"q": ["one, \"two\"", "three\nfour"], "c": ["x", "y"], "l": ["1", "0"]})


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_a_table_reads_the_same_from_every_format(tmp_path, ending):
    path = tmp_path / f"data.{ending}"
    {"csv": lambda: FRAME.to_csv(path, index=False),
     "tsv": lambda: FRAME.to_csv(path, index=False, sep="\t"),
     "jsonl": lambda: FRAME.to_json(path, orient="records", lines=True),
     "parquet": lambda: FRAME.to_parquet(path)}[ending]()
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
    assert json.dumps(first.splits.train[0].slices) == json.dumps(again.splits.train[0].slices)


def test_rows_with_labels_not_listed_stop_a_task(loaded):
    data = loaded.folder / "data.csv"
    frame = pd.read_csv(data)
    frame.loc[0, "label"] = "stone"
    frame.to_csv(data, index=False)
    with pytest.raises(HarnessError, match="1 of 120 rows have a label not listed"):
        load_task(loaded)


def test_readers_are_registered():
    assert set(READERS) == {"table", "licensedcode", "folders", "questions"}
