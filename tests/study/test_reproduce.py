"""The same suite twice: the same predictions bit for bit, the same figures but times."""

import json
import os
import re
import subprocess
import sys

import pytest
import yaml
from command_line import harness
from silent import Silent
from tiny import sentences, suite_dict

from harness.common.leaves import leaves
from harness.common.sealed import sealed
from harness.methods import register_all
from harness.methods.adapters.tuners import Tuner
from harness.methods.catalogue import registered
from harness.methods.method import METHODS
from harness.report.published import publish
from harness.study.planning.plan import make_plan
from harness.study.reproduce import differences
from harness.study.run import run_study
from harness.study.store import Store
from harness.study.study import make_study
from harness.suite import load_suite

register_all()
TIMES = re.compile(r"(seconds|_ms|cost|latency|hours|per_|energy|memory|break|round|"
                   r"throughput|price|pareto|bill|cheapest|peak|usd|_bytes)")
"""Fields of a summary that the clock, or the machine's memory, has a part in."""
LIKE_OTHERS = {"peft", "dora", "ia3", "prompt-tuning", "p-tuning",
               *(name for name in METHODS if issubclass(METHODS[name], Tuner))}
"""PEFT methods beside `lora` and `prefix-tuning`; `test_methods` fits each of them twice."""
ON_OTHERS = {"merged", "rewind"}
"""Methods that work on top of another alone."""


def _vera():
    return {"peft": {"peft_type": "VERA", "r": 4, "target_modules": "all-linear", "as": "vera"}}


@pytest.fixture(scope="module")
def every_method(tmp_path_factory, encoder_folder, decoder_folder):
    """A suite of every method that there is, on every kind of backbone it works on; of the PEFT
    methods one that changes weights, one with virtual tokens and one by its configuration."""
    folder = tmp_path_factory.mktemp("every")
    value = suite_dict(encoder_folder, decoder_folder)
    by_kind = {kind: [row.name for row in registered()
                      if row.does(kind, "classification") and "text" in row.needs.inputs
                      and row.name not in {*LIKE_OTHERS, *ON_OTHERS}]
               for kind in ("encoder", "decoder", None)}
    value["methods"] = by_kind[None]
    value["backbones"]["enc"]["methods"] = [*by_kind["encoder"], _vera()]
    value["backbones"]["dec"]["methods"] = [*by_kind["decoder"], _vera(), "rag+lora", "merged+lora",
                                          "rewind+lora"]
    value["budget"] |= {"seeds": 1, "trials": 1, "epochs": 1, "train": 12, "validation": 6}
    value["backbones"]["dec"]["budget"] = {"test": 9}
    sentences().to_csv(folder / "data.csv", index=False)
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(value, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def twice(every_method, tmp_path_factory, device):
    """The suite run into two empty folders, each with a cache of its own."""
    here, there = (tmp_path_factory.mktemp(name) for name in ("here", "there"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(here / "cache"))
        plan = make_plan(load_suite(every_method), device)
        first = Store(here / "runs" / "tiny")
        one = run_study(plan, first, Silent())
    # Another program, in which sets have another order.
    environment = os.environ | {"HARNESS_CACHE": str(there / "cache"), "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-m", "harness", "run", str(every_method), "--runs", str(there / "runs"),
         "--reports", str(there / "reports")], env=environment, capture_output=True, text=True,
        timeout=1800, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    second = Store(there / "runs" / "tiny")
    other = {run.run_id: second.load(run.run_id) for run in plan.runs}
    return [(plan, first, one), (plan, second, other)]


def test_every_method_predicts_the_same_bit_for_bit(twice):
    (plan, first, one), (_, second, other) = twice
    assert {run.identity.method for run in plan.runs} == {
        "peft", *(row.name for row in registered() if row.name not in LIKE_OTHERS
                  and "text" in row.needs.inputs
                  and row.needs.for_task("classification") is not None)}
    assert {run.identity.family for run in plan.runs} >= {METHODS[m].family for m in METHODS}
    assert {r.status.state for r in one.values()} == {"ok"}
    for run_id, record in one.items():
        assert first.predictions(run_id).equals(second.predictions(run_id)), record.identity.name
        assert record.predictions_sha256 == other[run_id].predictions_sha256
        assert differences(record, other[run_id]) == (), record.identity.name


def test_the_study_s_figures_are_the_same_but_for_times(twice):
    def figures(plan, store, records):
        found = publish(make_study(plan, records), store.predictions, {}).model_dump(mode="json")
        return {name: _timeless(found[name])
                for name in ("summary", "curves", "calibration", "disagreements")}

    one, other = (figures(*found) for found in twice)
    for name, value in one.items():
        assert dict(leaves(value, name)) == dict(leaves(other[name], name))
    assert one["summary"]["rows"][0]["common"]["macro_f1"]


def _timeless(value):
    if isinstance(value, dict):
        return {name: _timeless(inner) for name, inner in value.items() if not TIMES.search(name)}
    return [_timeless(inner) for inner in value] if isinstance(value, list) else value


def test_the_environment_is_in_each_record(twice):
    for record in twice[0][2].values():
        where = record.environment
        assert where.python.startswith("3.")
        assert where.threads >= 1
        assert where.device
        assert where.autocast in ("bf16", "no")
        assert where.commit is None or re.fullmatch("[0-9a-f]{40}", where.commit)
        assert (where.commit is None) == (where.dirty is None)
        assert record.identity.libraries["torch"][0].isdigit()


@pytest.mark.parametrize("label", ["tfidf", "lora", "rag+lora"])
def test_a_run_is_reproduced_by_its_id(twice, every_method, label):
    _, store, records = twice[0]
    run_id = next(r.identity.run_id for r in records.values() if r.identity.label == label)
    said = harness("reproduce", run_id, "--suite", every_method, "--runs", store.folder.parent)
    assert said.code == 0, said.all
    assert "the same bit for bit" in said.out
    assert said.out.rstrip().endswith("reproduced")
    assert "figures that differ" not in said.out


def test_what_differs_is_said(twice, every_method, tmp_path):
    _, store, records = twice[0]
    run_id = next(r.identity.run_id for r in records.values() if r.identity.label == "tfidf")
    folder = tmp_path / "tiny" / run_id
    folder.mkdir(parents=True)
    for name in ("artifact", "predictions.parquet"):
        (folder / name).symlink_to(store.path(run_id) / name)
    content = json.loads((store.path(run_id) / "record.json").read_text())
    content["quality"]["accuracy"] = 0.123
    content["identity"]["libraries"]["torch"] = "1.0"
    (folder / "record.json").write_text(sealed(json.dumps(content)))
    said = harness("reproduce", run_id, "--suite", every_method, "--runs", tmp_path)
    assert said.code == 1, said.all
    assert "identity.libraries.torch: 1.0 -> " in said.out
    assert "quality.accuracy: 0.123 -> " in said.out
    assert said.out.rstrip().endswith("not reproduced")
    absent = harness("reproduce", "0" * 16, "--suite", every_method, "--runs", tmp_path)
    assert absent.code == 2
    assert "there is no run" in absent.err
