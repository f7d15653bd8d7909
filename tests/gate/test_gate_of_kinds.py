"""The gate on tasks that are answered otherwise than with one class."""

import json
import shutil

import numpy as np
import pytest
from gated import carried_out
from peft import LoraConfig, get_peft_model
from quiz import quiz_dict, write_quiz
from rated import rated, rated_dict
from spanned import spanned, spanned_dict
from tagged import tagged, tagged_dict

from harness.backbones.handle import get_backbone
from harness.backbones.load import load_tagger
from harness.common.clock import Clock
from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.common.sealed import seal
from harness.gate.baseline import read_baseline
from harness.gate.verdict import GateResult
from harness.methods.learning.decoder import nothing_to_save
from harness.methods.learning.tagger import EncoderTagger
from harness.methods.link import LINKS
from harness.suite import Gate
from harness.targets.kinds import KINDS
from harness.targets.metric import Statistic
from harness.targets.metrics import SPAN_F1
from harness.targets.spans import found as counted

MADE = {"multilabel": (tagged, tagged_dict), "regression": (rated, rated_dict),
        "spans": (spanned, spanned_dict)}
GOOD = {"multilabel": "tfidf", "regression": "tfidf", "spans": "gazetteer",
        "generation": "rag-bm25"}
RULES = {"multilabel": {"micro_f1": {"non_inferior_within": 0.25}},
         "regression": {"r2": {"non_inferior_within": 0.5}, "mae": {"non_inferior_within": 2.0}},
         "spans": {"micro_f1": {"non_inferior_within": 0.5}},
         "generation": {"rouge_l": {"non_inferior_within": 0.5},
                        "token_f1": {"non_inferior_within": 0.5}}}
KINDS_TRIED = tuple(GOOD)


def made(kind, folder, encoder, decoder):
    """A study of a kind of task: what reads nothing, what reads words, models with and without a
    head."""
    policy = {"metrics": RULES[kind], "artifact_bytes_at_most": 10_000_000}
    if kind == "generation":
        write_quiz(folder)
        value = quiz_dict(encoder, decoder)
        value["backbones"].pop("enc")
        value["backbones"]["dec"]["methods"] = [
            "zero-shot", {"rag": {"tokens": 120, "search": "bm25", "as": "rag-bm25"}}]
        return carried_out(folder, value | {"gate": policy})
    table, suite = MADE[kind]
    table().to_csv(folder / "data.csv", index=False)
    value = suite(encoder, decoder)
    drop = 9.0 if kind == "regression" else 1.0
    value["gate"] = policy | {"worst_slice_drop_at_most": drop, "slice_items": 2}
    value["methods"] = ["majority", GOOD[kind]]
    value["budget"] |= {"train": 60, "test": 36, "trials": 1, "seeds": 1}
    value["backbones"]["enc"]["methods"] = ["full"]
    value["backbones"]["dec"] |= {"methods": ["zero-shot"], "budget": {"test": 36}}
    return carried_out(folder, value)


@pytest.fixture(scope="module", params=KINDS_TRIED)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def studied(kind, tmp_path_factory, encoder_folder, decoder_folder):
    folder = tmp_path_factory.mktemp(kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        return made(kind, folder, encoder_folder, decoder_folder)


def backbone_of(label):
    return {"full": "enc", "zero-shot": "dec", "rag-bm25": "dec"}.get(label)


def run_of(studied, label):
    return studied.run_id(label, backbone_of(label))


def test_every_method_may_replace_itself(studied, kind, tmp_path):
    for label in {run.identity.label for run in studied.plan.runs}:
        run_id = run_of(studied, label)
        studied.approve(run_id, tmp_path)
        result = studied.gate(run_id, tmp_path)
        assert result.outcome == "passed", result.checks
        for name, found in result.metrics.items():
            gap, metric = found.difference, KINDS[kind].metric(name)
            assert gap.value == pytest.approx(0, abs=1e-9)
            if metric.unit == "share" and (metric.counted
                                           or metric.statistic is Statistic.SCORES):
                assert gap.low < -0.005, f"{name}: so few items prove little, where none changed"
        assert result.broken == result.mended == ()
        text = (tmp_path / "out" / "gate.json").read_text()
        assert GateResult.model_validate_json(text) == result


def test_what_is_judged_is_what_the_run_answered(studied, kind, tmp_path):
    """Figures and bounds are of the same answers on the same items as the record's."""
    for label in {run.identity.label for run in studied.plan.runs}:
        run_id = run_of(studied, label)
        studied.approve(run_id, tmp_path)
        result = studied.gate(run_id, tmp_path)
        record = studied.store.record(run_id)
        for name, found in result.metrics.items():
            if name == "calibration_error":  # without the part that noise makes
                continue
            assert found.candidate.value == pytest.approx(record.figures[name], abs=1e-6), name
            assert found.candidate.low <= found.candidate.value <= found.candidate.high
        assert set(result.metrics) <= {metric.name for metric in KINDS[kind].own}
        assert result.sliced_by == KINDS[kind].sliced[0].name


@pytest.mark.parametrize("kind", ["multilabel", "regression", "spans"], indirect=True)
def test_a_worse_model_is_stopped_with_its_items(studied, kind, tmp_path):
    studied.approve(run_of(studied, GOOD[kind]), tmp_path)
    result = studied.gate(studied.run_id("majority"), tmp_path)
    assert result.exit_code == 1
    assert result.checks[0].rule.startswith(next(iter(RULES[kind])))
    assert result.checks[0].state in ("failed", "undecided")
    if KINDS[kind].right is None:
        assert result.broken == result.mended == ()
        return
    tables = {side: studied.store.predictions(run_of(studied, side)).to_pandas().set_index("item")
              for side in (GOOD[kind], "majority")}
    assert {item.item for item in result.broken} == set(
        right(kind, tables[GOOD[kind]]) - right(kind, tables["majority"]))
    assert all(item.text for item in result.broken)
    assert "newly broken" in studied.shown.getvalue()


@pytest.mark.parametrize("kind", ["generation"], indirect=True)
def test_words_are_scored_anew_beside_those_that_were_approved(studied, kind, tmp_path):
    """An approved model that wrote every answer, held against one that wrote none of them."""
    path = studied.approve(run_of(studied, GOOD[kind]), tmp_path)
    fields = json.loads(path.read_text())
    fields["answers"] = [f"The {target}!" for target in fields["targets"]]
    path.write_text(json.dumps(fields | {"sha256": seal(fields)}))
    result = studied.gate(run_of(studied, GOOD[kind]), tmp_path)
    assert result.exit_code == 1
    assert result.metrics["exact_match"].baseline == 1.0
    assert result.metrics["exact_match"].difference.value == -1.0
    by_rule = {check.rule: check for check in result.checks}
    for name in ("rouge_l", "token_f1"):
        gap = result.metrics[name].difference
        (held,) = (check for rule, check in by_rule.items() if rule.startswith(name))
        assert held.value == gap.value < -0.5
        assert held.state == ("failed" if gap.high < -0.5 else "undecided"), "it is one-sided"
    assert {item.item for item in result.broken} == set(fields["items"])


def right(kind, table):
    """The items that are wholly right, from the tables of predictions."""
    if kind == "spans":
        return set(table.index[table["answer"] == table["target"]])
    chosen = table.filter(like="p:") > 0.5
    has = table["target"].map(json.loads)
    return {item for item in table.index
            if {name[2:] for name in chosen.columns[chosen.loc[item]]} == set(has[item])}


def test_a_baseline_holds_the_answers_and_what_is_right(studied, kind, tmp_path):
    run_id = run_of(studied, GOOD[kind])
    baseline = read_baseline(studied.approve(run_id, tmp_path))
    table = studied.store.predictions(run_id).to_pandas()
    assert baseline.kind == kind
    assert list(baseline.targets) == table["target"].tolist()
    if kind == "multilabel":
        np.testing.assert_allclose(baseline.said("test"), table.filter(like="p:"), rtol=1e-8)
    else:
        assert list(baseline.answers) == table["answer"].tolist()
    past = baseline.past
    assert (past.metric, past.value) == (
        KINDS[kind].own[0].name, studied.store.record(run_id).figures[KINDS[kind].own[0].name])


def test_a_baseline_of_items_that_have_another_answer_now_is_refused(studied, kind, tmp_path):
    path = studied.approve(run_of(studied, GOOD[kind]), tmp_path)
    fields = json.loads(path.read_text())
    fields["targets"][0] = 1234.5 if kind == "regression" else "[]" if fields["targets"][
        0] != "[]" else '["fruit"]'
    fields["sha256"] = seal(fields)
    path.write_text(json.dumps(fields))
    with pytest.raises(HarnessError, match="1 of them have another answer now"):
        studied.gate(run_of(studied, GOOD[kind]), tmp_path)


@pytest.mark.parametrize("kind", ["multilabel", "regression", "spans"], indirect=True)
def test_a_folder_answers_as_its_run_does(studied, kind, tmp_path):
    """What a run saved, taken for a stranger's model."""
    studied.approve(run_of(studied, "full"), tmp_path)
    result = studied.gate(studied.artifact("full", "enc"), tmp_path)
    assert result.outcome == "passed"
    for found in result.metrics.values():
        assert found.difference.value == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("kind", ["spans"], indirect=True)
def test_tags_called_otherwise_are_matched_by_what_they_say(studied, kind, tmp_path):
    """As folders of other tools have them: classes in capitals, IOBES, in another order."""
    studied.approve(run_of(studied, "full"), tmp_path)
    folder = tmp_path / "model"
    shutil.copytree(studied.artifact("full", "enc"), folder)
    config = json.loads((folder / "config.json").read_text())
    others = {"B-": "S-", "I-": "E-"}
    config["id2label"] = {number: others.get(name[:2], name[:2]) + name[2:].upper()
                          for number, name in config["id2label"].items()}
    config["label2id"] = {name: int(number) for number, name in config["id2label"].items()}
    (folder / "config.json").write_text(json.dumps(config))
    result = studied.gate(folder, tmp_path)
    assert result.outcome == "passed"
    assert result.metrics["micro_f1"].difference.value == 0
    config["id2label"] = {number: f"LABEL_{number}" for number in config["id2label"]}
    config["label2id"] = {name: int(number) for number, name in config["id2label"].items()}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(HarnessError, match="are not called as tags of spans are"):
        studied.gate(folder, tmp_path)
    said = [f"{number}={name}" for number, name in enumerate(
        ("O", "B-fruit", "I-fruit", "B-metal", "I-metal"))]
    assert studied.gate(folder, tmp_path, labels=said).outcome == "passed"


@pytest.mark.parametrize("kind", ["generation"], indirect=True)
def test_an_encoder_cannot_answer_in_words(studied, kind, tmp_path, encoder_folder):
    studied.approve(run_of(studied, "zero-shot"), tmp_path)
    with pytest.raises(HarnessError, match="writes nothing"):
        studied.gate(encoder_folder, tmp_path)


@pytest.mark.parametrize(("of", "policy", "said"), [
    ("regression", {"metrics": {"accuracy": {"at_least": 0.5}}}, "no metric 'accuracy'"),
    ("spans", {"calibration_error_at_most": 0.1}, "how sure"),
    ("multilabel", {"worst_slice_drop_at_most": 3.0}, "is a share"),
    ("regression", {"metrics": {"rmse": {"at_least": 0.5}}}, "would hold the better models back"),
    ("generation", {"metrics": {"token_f1": {"at_least": 40}}}, "two points are 0.02")])
def test_a_policy_of_another_kind_is_refused(of, policy, said):
    with pytest.raises(ValueError, match=said):
        Gate.model_validate(policy).check_fits(KINDS[of])
    assert Gate.model_validate({"worst_slice_drop_at_most": 3.0}).check_fits(
        KINDS["regression"]) is None


@pytest.mark.parametrize("kind", ["spans"], indirect=True)
def test_an_adapter_that_tags_is_judged_by_its_base_and_the_names_of_its_tags(studied, tmp_path):
    """PEFT keeps no names of outputs: whoever trained it says them."""
    tags = ("O", "B-fruit", "I-fruit", "B-metal", "I-metal")
    loaded = load_tagger(get_backbone(studied.plan.loaded, "enc"), tags, "cpu")
    tuned = get_peft_model(loaded.model, LoraConfig(task_type="TOKEN_CLS", r=2,
                                                    target_modules=["query", "value"]))
    tuned.save_pretrained(tmp_path / "adapter")
    studied.approve(run_of(studied, "full"), tmp_path)
    said = [f"{number}={name}" for number, name in enumerate(tags)]
    result = studied.gate(tmp_path / "adapter", tmp_path, base="enc", labels=said)
    items = studied.store.predictions(run_of(studied, "full"))["item"].to_pylist()
    asked_of = {e.id: e for e in studied.plan.task.splits.test}
    tagger = EncoderTagger(loaded, 32, detect(), nothing_to_save, LINKS["spans"])
    answered = tagger.predict([asked_of[item] for item in items], Clock())
    right = [asked_of[item].spans for item in items]
    assert result.metrics["micro_f1"].candidate.value == pytest.approx(
        SPAN_F1.of(counted(list(answered), right, 2)))
    with pytest.raises(HarnessError, match="are not called as tags of spans are"):
        studied.gate(tmp_path / "adapter", tmp_path, base="enc")
