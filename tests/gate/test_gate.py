"""The gate on a whole small study of tiny models."""

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from harness.commands import predict as predictions
from harness.commands.gate import Asked
from harness.common.errors import HarnessError
from harness.gate.verdict import GateResult
from harness.report.gate import sentences

EVERY = [("tfidf", None), ("majority", None), ("knn", "enc"), ("features", "enc"), ("full", "enc"),
         ("lora", "enc"), ("zero-shot", "dec"), ("lora", "dec"), ("rag+lora", "dec")]
IN_ORDER = [f"{i}={name}" for i, name in enumerate(["fruit", "metal", "metal alloy"])]


@pytest.mark.parametrize(("label", "backbone"), EVERY)
def test_every_method_may_replace_itself(place, tmp_path, label, backbone):
    run_id = place.run_id(label, backbone)
    place.approve(run_id, tmp_path)
    result = place.gate(run_id, tmp_path)
    assert (result.outcome, result.exit_code) == ("passed", 0)
    gap = result.metrics["accuracy"].difference
    assert gap.value == 0
    assert gap.low < 0 < gap.high, "thirty items prove little, even where none changed"
    assert result.metrics["log_loss"].difference.value == pytest.approx(0, abs=1e-7)
    assert result.broken == result.mended == ()
    assert GateResult.model_validate_json((tmp_path / "out" / "gate.json").read_text()) == result
    assert sentences.verdict(result).startswith("Passed: ")
    assert str(place.folder) not in (tmp_path / "out" / "gate.json").read_text()


@pytest.mark.parametrize(("label", "backbone", "said"), [
    ("full", "enc", {}), ("lora", "enc", {"base": "enc", "labels": IN_ORDER}),
    ("lora", "dec", {"base": "dec"})])
def test_a_folder_answers_as_its_run_does(place, tmp_path, label, backbone, said):
    """What a run saved, taken for a stranger's model."""
    place.approve(place.run_id(label, backbone), tmp_path)
    result = place.gate(place.artifact(label, backbone), tmp_path, **said)
    assert result.outcome == "passed"
    assert result.metrics["log_loss"].difference.value == pytest.approx(0, abs=1e-6)
    assert result.candidate.run_id is None
    assert result.candidate.name == "artifact"


def test_a_causal_model_folder_answers_the_suite_s_prompt(place, tmp_path, decoder):
    """The untouched backbone from its folder is what zero-shot asks."""
    place.approve(place.run_id("zero-shot", "dec"), tmp_path)
    result = place.gate(decoder.path, tmp_path)
    assert result.outcome == "passed"
    assert result.metrics["log_loss"].difference.value == pytest.approx(0, abs=1e-6)


def test_a_worse_model_is_stopped_with_its_items(place, tmp_path):
    """The majority class in the place of TF-IDF."""
    place.approve(place.run_id("tfidf"), tmp_path, note="as good as it gets")
    result = place.gate(place.run_id("majority"), tmp_path)
    assert result.exit_code == 1
    broken = {item.item for item in result.broken}
    table = {side: place.store.predictions(place.run_id(side)).to_pandas().set_index("item")
             for side in ("tfidf", "majority")}
    right = {side: frame.filter(like="p:").idxmax(axis=1).str[2:] == frame["target"]
             for side, frame in table.items()}
    assert broken == set(right["tfidf"].index[right["tfidf"] & ~right["majority"]])
    assert all(item.text and item.target == item.baseline != item.candidate
               for item in result.broken)
    said = place.shown.getvalue()
    assert "Failed: majority" in said
    assert "newly broken" in said
    assert result.baseline.approval.note == "as good as it gets"


def test_latency_and_memory_are_ratios_against_the_approved_model(place, tmp_path):
    suite = place.suite("timed", gate={"ratio_at_most": {"p50_ms": 1e3, "p95_ms": 1e3,
                                                         "memory": 1e3}, "requests": 59})
    place.approve(place.run_id("features", "enc"), tmp_path, keep=True)
    assert (tmp_path / "tiny" / "head.safetensors").is_file()
    result = place.gate(place.run_id("full", "enc"), tmp_path, suite)
    assert result.outcome == "passed"
    assert all(c.low <= c.value <= c.high for c in result.checks)
    assert {c.rule.split()[0] for c in result.checks} == {"p50_ms", "p95_ms", "memory"}


def test_without_the_approved_model_there_is_no_ratio(place, tmp_path):
    """And the policy chooses whether that fails."""
    kept = place.approve(place.run_id("tfidf"), tmp_path, keep=True)
    content = json.loads(kept.read_text())
    for name in ("features", "nothing"):
        shutil.rmtree(tmp_path / "tiny", ignore_errors=True)
        if name == "features":  # the model of another run in its place
            shutil.copytree(place.artifact("features", "enc"), tmp_path / "tiny")
        for missing, code in (("fail", 1), ("cannot-say", 2)):
            suite = place.suite("timed", gate={"ratio_at_most": {"memory": 2.0},
                                               "missing": missing})
            moved = place.store.artifact(content["record"]["identity"]["run_id"])
            moved.rename(moved.with_name("away"))
            try:
                result = place.gate(place.run_id("majority"), tmp_path, suite)
            finally:
                moved.with_name("away").rename(moved)
            assert result.exit_code == code
            (check,) = result.checks
            assert check.state == "missing"
            assert "at hand neither" in check.about


def test_absolute_rules_need_no_baseline(place, tmp_path):
    suite = place.suite("alone", gate={"metrics": {"accuracy": {"at_least": 0.01}}})
    result = place.gate(place.run_id("tfidf"), tmp_path, suite)
    assert result.outcome == "passed"
    assert result.baseline is None
    assert result.items == 30
    with pytest.raises(HarnessError, match="No such file"):
        place.gate(place.run_id("tfidf"), tmp_path)


def test_a_suite_without_a_policy_is_a_wrong_request(place, tmp_path):
    suite = place.suite("none", gate=None)
    with pytest.raises(HarnessError, match="has no policy"):
        place.gate(place.run_id("tfidf"), tmp_path, suite)


@pytest.mark.parametrize(("change", "words"), [
    ({"task__split": {"seed": 7}}, "test items are not in the test split now"),
    ({"task__split": {"seed": 7}}, "are in training or validation now"),
    ({"task__labels": {"fruit": ["metal"], "metal": ["fruit"], "metal alloy": ["metal alloy"]}},
     "of them have another answer now"),
    ({"name": "other"}, "suite 'tiny', not 'other'"),
])
def test_a_baseline_of_other_data_is_refused(place, tmp_path, change, words):
    path = place.approve(place.run_id("tfidf"), tmp_path)
    suite = place.suite("changed", **change)
    path.rename(tmp_path / "changed.json")
    for name in ("tiny", "other"):
        shutil.copy(tmp_path / "changed.json", tmp_path / f"{name}.json")
    with pytest.raises(HarnessError, match=words):
        place.gate(place.run_id("tfidf"), tmp_path, suite)


def test_a_candidate_of_another_prompt_is_refused(place, tmp_path):
    place.approve(place.run_id("tfidf"), tmp_path)
    suite = place.suite("asked", task__prompt={"instruction": "What?", "item": "{text}"})
    with pytest.raises(HarnessError, match="other classes, answers, prompt or splits"):
        place.gate(place.run_id("tfidf"), tmp_path, suite)


def test_models_that_cannot_answer_stop(place, tmp_path):
    place.approve(place.run_id("tfidf"), tmp_path)
    with pytest.raises(HarnessError, match="neither a run in"):
        place.gate("no-such-thing", tmp_path)
    with pytest.raises(HarnessError, match="do not match the task's"):
        place.gate(place.artifact("lora", "enc"), tmp_path, base="enc")
    with pytest.raises(HarnessError, match="an adapter needs the model it was trained on"):
        place.gate(place.artifact("lora", "enc"), tmp_path)
    with pytest.raises(HarnessError, match="no MODEL=CLASS"):
        place.gate(place.artifact("full", "enc"), tmp_path, labels=["LABEL_0"])
    with pytest.raises(HarnessError, match="is neither a backbone"):
        place.gate(place.artifact("lora", "enc"), tmp_path, base="encoder")


def test_a_candidate_that_answers_nonsense_fails(place, tmp_path):
    """Weights that are not numbers."""
    from safetensors.torch import load_file, save_file

    place.approve(place.run_id("tfidf"), tmp_path)
    broken = shutil.copytree(place.artifact("full", "enc"), tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    weights["classifier.weight"][:] = float("nan")
    save_file(weights, broken / "model.safetensors", {"format": "pt"})
    suite = place.suite("lax", gate={"artifact_bytes_at_most": 10**9, "missing": "cannot-say",
                                     "metrics": {"accuracy": {"at_least": 0.0}}})
    result = place.gate(broken, tmp_path, suite)
    assert result.exit_code == 1
    assert {c.rule: c.state for c in result.checks} == {
        "items answered": "failed", "accuracy at least": "missing", "artifact bytes": "passed"}
    assert result.metrics == {}
    assert all(item.candidate == "no answer" for item in result.broken)


@pytest.mark.parametrize("label", ["full", "lora"])
def test_predict_gives_what_the_run_answered(place, tmp_path, label):
    rows = place.plan.task.splits.test[:10]
    lines = ["words", *(f'"{e.text}"' for e in rows)]
    (tmp_path / "in.csv").write_text("\n".join(lines) + "\n")
    run_id = place.run_id(label, "enc")
    asked = Asked(run_id, str(place.folder / "tiny.yaml"), None, place.folder, place.runs, None,
                  (), None)
    from rich.console import Console

    predictions.predict(Console(quiet=True), asked, tmp_path / "in.csv",
                        tmp_path / "new" / "out.parquet", predictions.AskedColumns("words"))
    found = pq.read_table(tmp_path / "new" / "out.parquet").to_pandas()
    kept = place.store.predictions(run_id).to_pandas()[:10]
    columns = [c for c in kept if c.startswith("p:")]
    np.testing.assert_allclose(found[columns], kept[columns], atol=1e-6)
    assert (found["prediction"] == kept[columns].idxmax(axis=1).str[2:]).all()
    assert found["item"].tolist() == kept["item"].tolist()
    with pytest.raises(HarnessError, match="no column 'text'"):
        predictions.predict(Console(quiet=True), asked, tmp_path / "in.csv",
                            tmp_path / "out.parquet", predictions.AskedColumns())
    (tmp_path / "empty.csv").write_text("words\n")
    with pytest.raises(HarnessError, match="no rows"):
        predictions.predict(Console(quiet=True), asked, tmp_path / "empty.csv",
                            tmp_path / "out.parquet", predictions.AskedColumns("words"))
    assert [p.name for p in tmp_path.iterdir() if "out.parquet" in p.name] == []


@pytest.mark.parametrize(("label", "backbone", "said"), [
    ("lora", "dec", {"mean": "12 items of arc_easy, ifeval, against the untouched dec",
                     "ifeval": "4 items of ifeval, against the untouched dec",
                     "pairs": "pairs is put to no decoder: nothing is measured"}),
    ("full", "enc", {"mean": "40 items of pairs, against the untouched enc",
                     "ifeval": "ifeval is put to no encoder: nothing is measured",
                     "pairs": "40 items of pairs, against the untouched enc"}),
    ("features", "enc", dict.fromkeys(("mean", "ifeval", "pairs"),
                                      "the backbone's weights are left as they are"))])
def test_forgetting_is_judged_by_benchmark(place, tmp_path, small_catalogue, label, backbone, said):
    place.approve(place.run_id(label, backbone), tmp_path)
    suite = place.suite("forgetful", measure__forgetting={
        "benchmarks": {"arc_easy": 8, "ifeval": 4}, "probes": {"pairs": 40}},
        gate={"forgetting_drop_at_most": dict.fromkeys(said, 0.9)})
    result = place.gate(place.run_id(label, backbone), tmp_path, suite)
    assert {check.rule: check.about for check in result.checks} == {
        "forgetting" if name == "mean" else f"forgetting of {name}": about
        for name, about in said.items()}
    assert {check.state for check in result.checks} == {"passed"}
    assert "forgetting of ifeval" in place.shown.getvalue()
