"""Exports as arms of a study: beside their source, on the same items, and never in its ranking."""

import dataclasses
import sys

import numpy as np
import pytest
import yaml
from command_line import ask
from tiny import sentences, suite_dict

from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.compare.shipping import held_bytes, name_of
from harness.export.in_study import InStudy, TimedExport, exporting_of
from harness.report.published import publish, read_published
from harness.study.planning.plan import make_plan
from harness.study.run import assign
from harness.study.store import Store
from harness.suite import load_suite


def suite(encoder, decoder, exports):
    found = suite_dict(encoder, decoder)
    found["budget"] |= {"seeds": 2, "trials": 1, "test": 30}
    found["backbones"]["enc"]["methods"] = ["knn", "lora"]
    del found["backbones"]["dec"]
    found["measure"] = {**found.get("measure", {}), "exports": exports}
    found["measure"].pop("forgetting", None)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory, encoder_folder, decoder_folder):
    place = tmp_path_factory.mktemp("exports")
    sentences().to_csv(place / "data.csv", index=False)
    value = suite(encoder_folder, decoder_folder, ["bf16", "int8"])
    (place / "tiny.yaml").write_text(yaml.safe_dump(value))
    said = ask(place, "run", "tiny")
    assert said.code == 0, said.all
    return place


@pytest.fixture(scope="module")
def published(folder):
    return read_published(folder / "reports" / "tiny" / "study.json")


@pytest.fixture(scope="module")
def store(folder):
    return Store(folder / "runs" / "tiny")


def of(published, label):
    return [r for r in published.study.records if r.identity.label == label]


def test_every_seed_was_asked_again_in_every_format(published, store):
    for record in of(published, "lora"):
        assert set(record.exports) == {"bf16", "int8"}
        for to, found in record.exports.items():
            assert found.reason is None
            own = store.exported(record.identity.run_id, to).to_pandas()
            was = store.predictions(record.identity.run_id).to_pandas()
            assert list(own["item"]) == list(was["item"])
            said, before = (one.filter(like="p:").to_numpy() for one in (own, was))
            assert found.changes.items == 30
            assert found.changes.changed == (said.argmax(1) != before.argmax(1)).sum()
            assert not np.array_equal(said, before)


def test_what_is_no_one_model_says_so(published):
    (one, _) = [one for one in published.shipping.exports if one.source == "knn (enc)"]
    assert "not those of one model's weights" in one.reason
    assert not one.common
    assert not one.frontier


def test_a_change_is_of_the_same_seeds(published, store):
    """Accuracy beside the tables themselves, seed by seed."""
    (one,) = [one for one in published.shipping.exports
              if one.name == name_of("lora (enc)", "int8")]
    right = {"after": [], "before": []}
    for record in of(published, "lora"):
        for side, table in (("after", store.exported(record.identity.run_id, "int8")),
                            ("before", store.predictions(record.identity.run_id))):
            frame = table.to_pandas()
            said = frame.filter(like="p:").idxmax(axis=1).str[2:]
            right[side].append((said == frame["target"]).mean())
    assert one.common["accuracy"].mean == pytest.approx(np.mean(right["after"]))
    assert one.seeds == 2
    assert one.answers == 60
    assert one.better - one.worse == pytest.approx(
        30 * (sum(right["after"]) - sum(right["before"])))
    row = next(row for row in published.summary.rows if row.name == "lora (enc)")
    metric = published.summary.metric
    assert one.change.difference == pytest.approx(one.common[metric].mean - row.common[metric].mean)


def test_latency_is_of_the_study_s_own_round_and_memory_is_measured(published):
    first, second = sorted(of(published, "lora"), key=lambda r: r.identity.seed)
    for found in first.exports.values():
        assert found.latency.round == first.latency.round
        assert found.memory_bytes > 0
        assert found.served_memory_bytes > 0
    assert all(found.latency is None for found in second.exports.values())
    for one in published.shipping.exports:
        if one.reason is None:
            assert one.p50_ms == first.exports[one.format].latency.p50_ms
            assert one.source_p50_ms == first.latency.p50_ms
            assert one.weights_bytes < one.source_bytes
            assert one.bill.million_requests > 0


def test_ranking_and_verdict_are_as_without_exports(published, store):
    bare = [r.model_copy(update={"exports": {}}) for r in published.study.records]
    alone = publish(published.study.model_copy(update={"records": tuple(bare)}),
                    store.predictions, {}, exported=store.exported)
    assert alone.shipping is None
    assert alone.summary == published.summary
    assert alone.verdict == published.verdict
    assert alone.rules == published.rules


def test_nothing_on_the_frontier_is_beaten(published):
    found, rows = published.shipping, {row.name: row for row in published.summary.rows}
    metric, requests = found.metric, found.requests
    places = {one.name: (one.common[metric].mean, -one.p50_ms, -one.weights_bytes,
                         -one.money(requests)) for one in found.exports if not one.reason}
    for record in published.study.records:
        row = rows[record.identity.name]
        if record.identity.seed == 0 and metric in row.common:
            places[row.name] = (row.common[metric].mean, -row.p50_ms, -held_bytes(record),
                                -row.bill.total(requests))
    beaten = {one for one, mine in places.items() if any(
        other != mine and all(a >= b for a, b in zip(other, mine, strict=True))
        for other in places.values())}
    assert set(found.frontier) == places.keys() - beaten
    assert {one.name for one in found.exports if one.frontier} == {
        name for name in found.frontier if "→" in name}


def test_the_report_says_it(folder, published):
    text = (folder / "reports" / "tiny" / "report.md").read_text()
    assert "## As it ships" in text
    assert "lora (enc) → int8" in text
    page = (folder / "reports" / "tiny" / "index.html").read_text()
    assert 'id="shipped"' in page
    named = published.verdict.recommended
    lines = [one for one in published.shipping.exports if one.source == named]
    assert text.count("- As ") == len(lines)


def test_the_same_command_again_exports_nothing(folder, store, published):
    loaded = load_suite(folder / "tiny.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        plan = make_plan(loaded, detect())
        work = InStudy().queued(plan, store, lambda run: assign(plan, store, run))
        assert work == []
        (first, *_) = [run for run in plan.runs if run.identity.label == "lora"]
        path = store.path(first.run_id) / "exported-int8.parquet"
        kept = path.read_bytes()
        path.write_bytes(kept[:-1])
        (again,) = InStudy().queued(plan, store, lambda run: assign(plan, store, run))
        assert list(again.job.keys) == ["int8"]
        with pytest.raises(HarnessError, match=r"damaged: exported-int8\.parquet"):
            store.exported(first.run_id, "int8")
        path.write_bytes(kept)


def test_other_weights_are_not_timed(folder, store):
    loaded = load_suite(folder / "tiny.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        plan = make_plan(loaded, detect())
        found = InStudy().timed(plan, store)
        assert [one.to for one in found] == ["bf16", "int8"]
        run = next(run for run in plan.runs if run.run_id == found[0].run_id)
        other = dataclasses.replace(found[0], weights_sha256="0" * 64)
        assert isinstance(other, TimedExport)
        with pytest.raises(HarnessError, match="other weights than were asked"):
            other.load(assign(plan, store, run))


@pytest.mark.parametrize(("exports", "words"), [
    ({"to": ["bf16"], "methods": ["loar"]}, "no method 'loar'"),
    (["bf17"], "Input should be"), ([], "at least 1"), (["bf16", "bf16"], "named twice")])
def test_what_cannot_be_asked_is_refused_with_its_line(
        tmp_path, encoder_folder, decoder_folder, exports, words):
    sentences().to_csv(tmp_path / "data.csv", index=False)
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(suite(encoder_folder, decoder_folder, exports)))
    with pytest.raises(HarnessError) as error:
        exporting_of(make_plan(load_suite(path), detect()))
    assert words in error.value.found
    assert f"{path}:" in error.value.found


def test_a_library_that_is_missing_is_said_before_anything_runs(
        tmp_path, encoder_folder, decoder_folder, monkeypatch):
    sentences().to_csv(tmp_path / "data.csv", index=False)
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(suite(encoder_folder, decoder_folder, ["onnx"])))
    plan = make_plan(load_suite(path), detect())
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(HarnessError) as error:
        exporting_of(plan)
    assert "ONNX needs onnxruntime, which is not installed" in error.value.found
    assert error.value.fix == "pip install 'adaptation-harness[export]'"
