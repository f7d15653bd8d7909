"""`harness watch` on a small study: every road, and what is written."""

import json
import math
import re

import pandas as pd
import pytest
from tiny import FILLER, WORDS, sentences
from typer.testing import CliRunner

import harness
from harness.cli.app import app
from harness.common.errors import HarnessError

SECRET = "zyzzyva"


@pytest.fixture
def approved(place, tmp_path):
    place.approve(place.run_id("tfidf"), tmp_path, keep=True)
    return tmp_path


def watch(place, folder, data, **said):
    return harness.watch(place.folder / f"{place.name}.yaml", data, baselines=folder,
                         runs=place.runs, state=folder / "looks.jsonl", **said)


def day(rows=90, seed=5):
    return sentences(rows, seed).assign(text=lambda frame: frame["text"] + f" {SECRET}")


def test_a_day_like_the_approved_run_has_nothing_and_is_noted_once(place, approved):
    data = day()
    first = watch(place, approved, data, group="group")
    again = watch(place, approved, data, group="group")
    assert (first.result.look, again.result.look) == (1, 1)
    assert len((approved / "looks.jsonl").read_text().splitlines()) == 1
    names = [check.name for check in first.result.checks]
    assert names == ["texts", "answers", "beyond-window", "estimated-drop", "empty", "duplicates",
                     "unanswered"]
    by_name = dict(zip(names, first.result.checks, strict=True))
    assert by_name["beyond-window"].state == "not-asked"  # words are counted in the whole text
    assert first.to_pandas()["name"].tolist() == names
    assert [one.name for one in first.result.classes] == list(WORDS)
    assert sum(one.now for one in first.result.classes) == pytest.approx(1.0)


def test_other_texts_are_drift_and_a_second_table_is_the_second_look(place, approved):
    watch(place, approved, day())
    other = pd.DataFrame({"text": [f"{FILLER[i % 7]} quite another matter {i}" for i in range(90)]
                          + ["", ""]})
    found = watch(place, approved, other)
    states = {check.name: check.state for check in found.result.checks}
    assert found.result.look == 2
    assert found.outcome == "drift"
    assert states["texts"] == "drift"
    assert states["empty"] == "drift"  # two of 92 rows
    assert "Drift from tfidf" in found.verdict


def test_labels_are_counted_once_and_a_model_that_fell_is_seen(place, approved):
    data = day().assign(right=lambda frame: frame["label"].map(dict(zip(
        WORDS, [*list(WORDS)[1:], next(iter(WORDS))], strict=True))))
    found = watch(place, approved, data, labels="right")
    # The approved run has 30 items: what it is known to be lies low, and wrong answers are many.
    assert found.result.labelled.units == 90
    again = watch(place, approved, data, labels="right")
    assert (again.result.labelled.new, again.result.labelled.known) == (0, 90)
    assert again.result.labelled.evidence == pytest.approx(found.result.labelled.evidence)
    answers = harness.predict(place.run_id("tfidf"), data,
                              suite=place.folder / f"{place.name}.yaml", runs=place.runs)
    right = (answers.to_pandas()["prediction"].to_numpy() == data["right"].to_numpy()).sum()
    assert found.result.labelled.right == right
    with pytest.raises(HarnessError, match="counted items, and this one groups"):
        watch(place, approved, day(seed=6), labels="label", group="group")


def test_few_texts_are_nothing_to_say_of(place, approved):
    found = watch(place, approved, day(12))
    assert found.outcome == "cannot-say"
    assert not (approved / "looks.jsonl").exists()
    assert found.verdict.startswith("Cannot say whether tfidf")


def test_labels_that_are_not_counted_are_said(place, approved):
    dropping = place.suite("dropping", task__other_labels="drop")
    for column, said in ((day()["group"], "90 of 90 labels are no class's"),
                         (pd.Series([""] * 90), "no label is known yet")):
        found = harness.watch(dropping, day().assign(right=column), labels="right",
                              baselines=approved, runs=place.runs, state=approved / "s.jsonl")
        assert found.result.labelled is None
        assert any(note.startswith(said) for note in found.result.notes)


def test_few_groups_are_nothing_to_say_of(place, approved):
    found = watch(place, approved, day().assign(group=lambda frame: frame.index % 3), group="group")
    assert found.outcome == "cannot-say"
    assert found.result.notes[0] == "the day's texts are of 3 groups: the tests need 10"


def test_the_program_ends_with_the_outcomes_code_and_writes_no_text(place, approved):
    data = approved / "day.csv"
    day().to_csv(data, index=False)
    said = ["watch", str(place.folder / f"{place.name}.yaml"), "--input", str(data),
            "--baselines", str(approved), "--runs", str(place.runs), "--labels", "label",
            "--state", str(approved / "s.jsonl"), "--json", str(approved / "w.json"),
            "--prometheus", str(approved / "w.prom")]
    ended = CliRunner().invoke(app, said)
    result = json.loads((approved / "w.json").read_text())
    assert ended.exit_code == {"nothing-found": 0, "drift": 1}[result["outcome"]], ended.output
    for text in (ended.output, *((approved / name).read_text()
                                 for name in ("w.json", "w.prom", "s.jsonl"))):
        assert SECRET not in text
    values = {}
    for line in (approved / "w.prom").read_text().splitlines():
        if found := re.fullmatch(r"harness_watch_(\w+)\{.*?\} (\S+)", line):
            values.setdefault(found[1], float(found[2]))
    assert values["exit_code"] == ended.exit_code
    assert values["items"] == 90
    assert math.isclose(values["labelled_right"], result["labelled"]["share"])


def test_what_is_missing_is_named(place, approved, tmp_path):
    with pytest.raises(HarnessError, match="no column 'when'"):
        watch(place, approved, day(), labels="when")
    with pytest.raises(HarnessError, match=r"tiny\.json: No such file"):
        watch(place, tmp_path / "nowhere", day())
    place.approve(place.run_id("tfidf"), approved / "alone")
    with pytest.raises(HarnessError, match="neither beside the baseline nor among the runs"):
        harness.watch(place.folder / f"{place.name}.yaml", day(), baselines=approved / "alone",
                      runs=approved / "no-runs", state=approved / "s.jsonl")


def test_an_encoder_is_watched_beyond_its_window_by_the_suites_embedder(place, tmp_path):
    place.approve(place.run_id("features", "enc"), tmp_path)
    long = day().assign(text=lambda frame: frame["text"] + " and so on" * 40)
    found = watch(place, tmp_path, long)
    cut = next(check for check in found.result.checks if check.name == "beyond-window")
    assert cut.value == pytest.approx(1.0)
    assert cut.state == "drift"
    assert found.result.vectors != "TF-IDF"
    assert not found.result.notes or "otherwise" not in found.result.notes[0]


def test_pictures_columns_are_not_of_texts(place, approved):
    with pytest.raises(HarnessError, match="the items of tiny are texts"):
        watch(place, approved, day(), image="text")
