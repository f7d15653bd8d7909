"""study.json, its schema, the index, and two studies side by side."""

from pathlib import Path

import jsonschema
import pytest
from synthetic import drawn_study, published

from harness.common.errors import HarnessError
from harness.compare.side_by_side import (
    check_studies,
    compare_runs,
    lines,
    run_divergences,
    study_divergences,
)
from harness.report.index import write_index
from harness.report.published import (
    Published,
    publish,
    published_json,
    published_schema,
    read_published,
)

ROOT = Path(__file__).parents[2]


def test_the_published_schema_is_the_code_s():
    assert (ROOT / "docs" / "study.schema.json").read_text() == published_schema(), (
        "make it again: harness schema > docs/study.schema.json")


def test_a_study_fits_the_schema_and_reads_back():
    import json

    found = published({"a": 2.0, "b": 1.0}, sizes=(16,))
    text = published_json(found)
    jsonschema.validate(json.loads(text), json.loads(published_schema()))
    assert Published.model_validate_json(text).model_copy(update={"sha256": ""}) == found


def test_the_committed_study_is_of_this_version():
    assert read_published(ROOT / "reports" / "legal" / "study.json").summary.rows


def test_a_record_of_a_budget_in_passes_is_read():
    found = published({"a": 2.0}).study.records[-1].budget_used
    older = found.model_dump(exclude={"steps_allowed", "best_step", "read"})
    read = type(found).model_validate(older | {"epochs_allowed": 3, "best_epoch": 2})
    assert read.model_dump(exclude={"steps_allowed", "best_step", "read"}) == older
    assert read.steps_allowed is read.best_step is read.read is None


def test_the_index_is_newest_first_and_names_what_it_cannot_read(tmp_path):
    for name, created in (("old", "2025-01-01"), ("new", "2026-01-01")):
        study, tables = drawn_study({"a": 2.0})
        made = publish(study.model_copy(update={"created": created, "title": name}),
                       tables.__getitem__, {})
        (tmp_path / name).mkdir()
        (tmp_path / name / "study.json").write_text(published_json(made))
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "study.json").write_text("{}")
    text = write_index(tmp_path).read_text()
    assert text.index(">new<") < text.index(">old<")
    assert "bad: not a study of this version" in text
    assert 'href="new/report.md"' in text, "no page has been built there"


def two(change=None, **words):
    first, tables = drawn_study({"a": 3.0, "b": 1.0}, **words)
    second = first.model_copy(update=change or {})
    return [publish(s, tables.__getitem__, {}) for s in (first, second)]


def test_what_differs_between_two_studies_is_named():
    first, second = two({"profile": "full", "budget": {"train": 64, "epochs": 5}})
    found = study_divergences(first.study, second.study)
    assert [(d.what, d.first, d.second) for d in found] == [
        ("profile", "quick", "full"), ("budget: epochs", "–", "5")]
    assert study_divergences(first.study, first.study) == ()


def test_that_some_runs_of_a_study_learned_on_several_devices_is_named():
    study = two()[0].study
    *others, last = study.records
    identity = last.identity.model_copy(update={"devices": 2, "sharded": True})
    shared = study.model_copy(update={
        "records": (*others, last.model_copy(update={"identity": identity}))})
    assert [(d.what, d.first, d.second) for d in study_divergences(study, shared)] == [
        ("devices", "1", "1, 2 sharded")]


def test_a_method_in_both_has_a_difference_with_an_interval():
    first, second = two()
    found = {line.name: line for line in lines(first.summary, second.summary)}
    assert set(found) == {"a (b)", "b (b)", "majority"}
    assert found["a (b)"].difference == 0.0
    assert found["a (b)"].low < 0 < found["a (b)"].high


@pytest.mark.parametrize(("change", "reason"), [
    ({"labels": ("x", "y", "z")}, "classes"),
    ({"data": {"splits_sha256": "1" * 64}}, "data or splits")])
def test_studies_of_other_data_are_refused(change, reason):
    first, _ = drawn_study({"a": 1.0})
    if "data" in change:
        change = {"data": first.data.model_copy(update=change["data"])}
    with pytest.raises(HarnessError, match=reason):
        check_studies(first, first.model_copy(update=change), (9, 9))
    with pytest.raises(HarnessError, match="number of test items"):
        check_studies(first, first, (9, 10))


def test_two_runs_are_compared_item_by_item():
    study, tables = drawn_study({"a": 4.0, "b": 0.5}, seeds=1, majority=False)
    first, second = study.records
    items, found, test = compare_runs(first, second, tables)
    assert items == 150
    assert found["accuracy"].difference == pytest.approx(
        first.quality.accuracy - second.quality.accuracy, abs=1e-6)
    assert found["accuracy"].low > 0
    assert test.only_first - test.only_second == round(150 * found["accuracy"].difference)
    assert {d.what for d in run_divergences(first, second)} == {"method"}


def test_runs_without_a_result_or_a_common_item_are_refused():
    study, tables = drawn_study({"a": 4.0, "b": 0.5}, seeds=1, majority=False)
    first, second = study.records
    failed = second.model_copy(update={
        "status": second.status.model_copy(update={"state": "failed", "reason": "no memory"})})
    with pytest.raises(HarnessError, match="no memory"):
        compare_runs(first, failed, tables)
    ids = [r.identity.run_id for r in study.records]
    with pytest.raises(HarnessError, match="test items"):
        compare_runs(first, second, {ids[0]: tables[ids[0]].slice(0, 50),
                                     ids[1]: tables[ids[1]].slice(50)})
    with pytest.raises(HarnessError, match="classes"):
        compare_runs(first, second, {ids[0]: tables[ids[0]],
                                     ids[1]: tables[ids[1]].drop(["p:no"])})
