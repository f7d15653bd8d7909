"""Forgetting of a small study on tiny models, with general items in a small catalogue."""

import dataclasses
import json
import shutil
from functools import partial

import datasets
import huggingface_hub
import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
import yaml
from command_line import harness
from small_catalogue import shipped
from tiny import sentences, suite_dict

from harness.backbones.load import load_causal
from harness.common.errors import HarnessError
from harness.common.files import sha256_file
from harness.compare.matching import matching_rules
from harness.forgetting.base_model import base_scores, examiner, forgetting_key
from harness.processes.own import outcome_of
from harness.report.markdown import markdown
from harness.report.published import publish
from harness.study import queued
from harness.study.assignment import load_fitted
from harness.study.forgetting import measure_check, pass_on, to_measure
from harness.study.planning.plan import make_plan
from harness.study.run import assign, missing
from harness.study.store import FORGETTING, Store
from harness.study.study import make_study
from harness.study.work import carry_out
from harness.suite import ForgettingItems, load_suite

ASKED = {"benchmarks": {"arc_easy": 12, "lambada_openai": 8, "ifeval": 5}, "probes": {"pairs": 40},
         "passages": 6}


@pytest.fixture(scope="module")
def finished(tmp_path_factory, encoder_folder, decoder_folder, device, catalogue_file):
    """Plan and store of a study whose runs are done, carried out in this process."""
    folder = tmp_path_factory.mktemp("finished")
    content = suite_dict(encoder_folder, decoder_folder) | {"methods": ["majority"]}
    content["budget"].update(seeds=1, trials=1)
    content["measure"]["forgetting"] = ASKED
    wild = {"full": {"learning_rates": [0.1], "as": "wild"}}
    content["backbones"]["enc"]["methods"] = ["features", "full", {"setfit": {"pairs": 1}}]
    content["backbones"]["dec"]["methods"] = ["zero-shot", "lora", "rag+lora", wild]
    sentences().to_csv(folder / "data.csv", index=False)
    (folder / "tiny.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    with shipped(catalogue_file):
        plan, store = make_plan(load_suite(folder / "tiny.yaml"), device), Store(folder / "runs")
        for run in missing(plan, store):
            assert carry_out(assign(plan, store, run), print).status.state == "ok"
    return plan, store


@pytest.fixture(scope="module")
def measured(finished, tmp_path_factory, catalogue_file):
    """A copy of it whose forgetting is measured, and how many runs that was."""
    plan, store = finished
    folder = shutil.copytree(store.folder, tmp_path_factory.mktemp("measured") / "runs")
    with shipped(catalogue_file):
        there = Store(folder)
        return plan, there, sum(measure_check(check, print) for check in checks(plan, there))


@pytest.fixture
def study(finished, tmp_path, small_catalogue):
    """A copy of it, to be changed."""
    plan, store = finished
    return plan, Store(shutil.copytree(store.folder, tmp_path / "copied"))


@pytest.fixture
def study_measured(measured, tmp_path, small_catalogue):
    plan, store, changed = measured
    return plan, Store(shutil.copytree(store.folder, tmp_path / "copied")), changed


def checks(plan, store):
    return list(to_measure(plan, store, partial(assign, plan, store)))


def records(plan, store):
    return {f"{r.identity.label} {r.identity.backbone}": store.load(r.run_id) for r in plan.runs}


def test_every_run_that_changes_weights_is_measured_and_others_forget_nothing(
        study_measured):
    plan, store, changed = study_measured
    assert changed == 4
    pass_on(plan, store)
    assert checks(plan, store) == []
    found = {name: record.forgetting for name, record in records(plan, store).items()}
    assert found["majority None"] is None
    for name in ("features enc", "zero-shot dec"):
        assert not found[name].changed
        assert found[name].mean is found[name].drift is None
        assert "left as they are" in found[name].reason
    lora, on_top = found["lora dec"], found["rag+lora dec"]
    assert [b.items for b in lora.benchmarks] == [12, 8, 5]
    assert lora.following.prompts == 5
    assert lora.following.instructions >= 5
    assert on_top.following == lora.following
    assert (lora.drift.passages, lora.similarity) == (6, None)
    assert on_top.benchmarks == lora.benchmarks
    assert "the weights of run" in on_top.reason
    assert found["wild dec"].drift.difference > lora.drift.difference
    for name in ("full enc", "setfit enc"):
        assert found[name].drift is None
        assert 0 < found[name].similarity <= 1

    study_ = make_study(plan, {r.run_id: store.load(r.run_id) for r in plan.runs})
    rule = next(r for r in matching_rules(study_, store.predictions) if r.name == "Forgetting")
    assert rule.held, rule.evidence
    published = publish(study_, store.predictions, {})
    rows = {row.name: row for part in (published, *published.beside) for row in part.summary.rows}
    assert rows["lora (dec)"].forgot.difference.mean == lora.mean.difference
    assert rows["zero-shot (dec)"].forgot.changed is False
    assert rows["majority"].forgot is None
    said = markdown(publish(study_, store.predictions, {}))
    assert "| lora | dec | arc\\_easy | 12 |" in said
    count = lora.following.instructions
    assert f"| lora | dec | followed: instructions, strictly | {count} |" in said


def test_items_are_kept_and_damage_is_measured_again(study_measured):
    plan, store, _ = study_measured
    lora = records(plan, store)["lora dec"]
    path = store.path(lora.identity.run_id) / FORGETTING
    assert sha256_file(path) == lora.forgetting.items_sha256
    rows = pq.read_table(path).to_pylist()
    assert len(rows) == 12 + 8 + 5 + 6
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    (check,) = checks(plan, store)
    assert [a.identity.label for a in check.runs] == ["lora"]


def test_methods_that_leave_the_backbone_alone_really_do(study):
    plan, store = study
    # As it is held where it is not touched.
    before = load_causal(plan.backbones["dec"], "cpu", plan.device.products).model.state_dict()
    run = next(r for r in plan.runs if r.identity.label == "zero-shot")
    fitted = load_fitted(assign(plan, store, run))
    after = fitted.loaded.model.state_dict()
    assert all(torch.equal(after[name], weight) for name, weight in before.items())
    for run in plan.runs:  # what they save holds none of the backbone's weights
        if run.identity.label in ("features", "zero-shot"):
            saved = sum(p.stat().st_size for p in store.artifact(run.run_id).rglob("*")
                        if p.is_file())
            assert saved < 2000


def test_the_untouched_backbone_is_measured_once(study, monkeypatch):
    plan, _ = study
    asked, handle = ForgettingItems(**ASKED), plan.backbones["enc"]
    asking = examiner(handle, asked)
    first = base_scores(handle, asked, plan.device, asking)

    class Never:
        def put_to(self, loaded, device):
            raise AssertionError("measured again")

    kept = base_scores(handle, asked, plan.device, Never())
    assert kept == first
    assert np.array_equal(kept.features, first.features)
    other = dataclasses.replace(handle, sha256="f" * 64)
    with pytest.raises(AssertionError, match="measured again"):  # another model: not shared
        base_scores(other, asked, plan.device, Never())


def test_keys_name_model_items_and_dtype(study):
    plan, _ = study
    asked, handle, device = ForgettingItems(**ASKED), plan.backbones["enc"], plan.device
    keys = {
        forgetting_key(handle, asked, device),
        forgetting_key(plan.backbones["dec"], asked, device),
        forgetting_key(handle, asked.model_copy(update={"seed": 1}), device),
        forgetting_key(handle, asked.model_copy(update={"probes": {"pairs": 30}}), device),
        forgetting_key(handle, asked.model_copy(update={"chat": True}), device),
        forgetting_key(handle, asked, dataclasses.replace(device, autocast="other")),
    }
    assert len(keys) == 6
    assert forgetting_key(handle, asked, device) in keys


def test_damaged_scores_of_the_backbone_are_measured_again(study, monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "own"))
    plan, _ = study
    asked, handle = ForgettingItems(**ASKED), plan.backbones["enc"]
    asking = examiner(handle, asked)
    first = base_scores(handle, asked, plan.device, asking)
    (answers,) = (tmp_path / "own").rglob("answers.parquet")
    answers.write_bytes(answers.read_bytes()[:-10])
    assert base_scores(handle, asked, plan.device, asking) == first


@pytest.mark.parametrize(("field", "name", "said"), [
    ("benchmarks", "arc_eassy", "there is no benchmark 'arc_eassy'"),
    ("probes", "pears", "there is no probe 'pears'")])
def test_an_unknown_name_is_an_error_with_its_line(suite_file, device, small_catalogue, field,
                                                   name, said):
    content = yaml.safe_load(suite_file.read_text())
    content["measure"]["forgetting"] = {field: {name: 20}}
    suite_file.write_text(yaml.safe_dump(content, sort_keys=False))
    line = next(n for n, text in enumerate(suite_file.read_text().splitlines(), 1) if name in text)
    with pytest.raises(HarnessError) as caught:
        make_plan(load_suite(suite_file), device)
    assert said in caught.value.found
    assert f"tiny.yaml:{line}" in caught.value.found
    assert ("arc_easy" if field == "benchmarks" else "pairs") in caught.value.fix


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """This process without a network and without data sets, and all work done in it."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    monkeypatch.setattr(
        queued, "in_own_process",
        lambda context, work, argument, say, limits: outcome_of(work, argument, say))


def test_data_that_cannot_be_had_is_said_and_loses_no_run(suite_file, tmp_path, offline):
    """A task that lm-eval knows, whose data set is not on this machine, without a network."""
    content = yaml.safe_load(suite_file.read_text())
    content["methods"], content["budget"]["seeds"] = ["majority"], 1
    content["backbones"].pop("enc")
    content["backbones"]["dec"]["methods"] = ["zero-shot", "bitfit"]
    content["measure"]["forgetting"] = {"benchmarks": {"boolq": 4}}
    suite_file.write_text(yaml.safe_dump(content, sort_keys=False))
    said = harness("run", suite_file, "--runs", tmp_path / "runs", "--reports",
                   tmp_path / "reports")
    assert said.code == 1, said.all
    assert "forgetting of dec could not be measured" in said.out
    assert "benchmark 'boolq': its data cannot be had" in said.out
    records = [json.loads(path.read_text())
               for path in (tmp_path / "runs" / "tiny").glob("*/record.json")]
    assert {r["status"]["state"] for r in records} == {"ok"}
    assert {r["identity"]["label"]: r["forgetting"] and r["forgetting"]["changed"]
            for r in records} == {"majority": None, "bitfit": None, "zero-shot": False}
