"""The shipped policies on real models: equal ones pass, damaged ones do not."""

from __future__ import annotations

import dataclasses
import random
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from peft import LoraConfig, get_peft_model

from harness.backbones.load import load_classifier
from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.common.files import sha256_file
from harness.common.sealed import sealed
from harness.gate.approve import approval, make_baseline
from harness.gate.baseline import model_folder, read_baseline
from harness.gate.candidate import Context, find_candidate, kept_candidate
from harness.gate.checks import check_all
from harness.gate.run import Approved, measure, ratios, run_gate, weigh
from harness.gate.verdict import outcome_of
from harness.study.planning.plan import make_plan
from harness.study.run import assign
from harness.study.store import PREDICTIONS, RECORD, Store
from harness.study.tables import class_table
from harness.study.work import carry_out
from harness.suite import Gate, MetricRule, load_suite
from harness.targets.metrics import ACCURACY
from harness.tasks.splits import Splits
from harness.tasks.task import load_task

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.end_to_end
SEEDS = 100


def silent(text):
    """Say nothing."""


@pytest.fixture(autouse=True)
def user_s_own_cache(own_cache, monkeypatch):
    """The real cache: fetching several hundred megabytes once is enough."""
    monkeypatch.delenv("HARNESS_CACHE", raising=False)


def ground(suite, runs, profile=None, **said):
    """The shipped suite with its policy."""
    loaded = load_suite(ROOT / "suites" / f"{suite}.yaml", profile)
    return Context(loaded, load_task(loaded), detect(), runs, said.pop("max_length", 64), **said)


@pytest.mark.parametrize("suite", ["legal", "privacy"])
def test_the_approved_model_may_replace_itself(suite, tmp_path):
    """The shipped baseline's own model, at the shipped policy, under 100 bootstrap seeds."""
    path = ROOT / "baselines" / f"{suite}.json"
    baseline = read_baseline(path)
    context = ground(suite, tmp_path)
    store, run_id = Store(tmp_path / suite), baseline.record.identity.run_id
    by_id = {e.id: e for e in context.task.splits.test}
    shutil.copytree(model_folder(path), store.artifact(run_id))
    table = class_table([by_id[i] for i in baseline.items], baseline.said("test"), baseline.labels)
    pq.write_table(table, store.path(run_id) / PREDICTIONS)
    record = baseline.record.model_copy(update={
        "predictions_sha256": sha256_file(store.path(run_id) / PREDICTIONS)})
    (store.path(run_id) / RECORD).write_text(sealed(record.model_dump_json()))
    candidate = kept_candidate(run_id, store, context)
    policy = context.loaded.suite.gate
    found = measure(context, policy, candidate, Approved(baseline, path), silent)
    weighed = weigh(found, 0, ACCURACY)
    passed = sum(outcome_of(check_all(policy, dataclasses.replace(
        weighed, ratios=ratios(found, seed))), policy) == "passed" for seed in range(SEEDS))
    assert passed >= 0.99 * SEEDS, check_all(policy, weighed)
    # In items: two of a thousand are 0.0020000000000000018 by their shares. Baselines were approved
    # where the hardware has bf16; in fp32 two of privacy's answers are others.
    otherwise = round(weighed.gaps["accuracy"].value * len(baseline.items))
    assert abs(otherwise) <= 2, "the kept model answers as it did when approved"


class Study:
    """Real runs of the legal task on a budget of a test, some of them damaged."""

    def __init__(self, folder):
        text = (ROOT / "suites" / "legal.yaml").read_text().split("profiles:")[0]
        (folder / "legal.yaml").write_text(text + PROFILE)
        self.folder, self.store = folder, Store(folder / "runs" / "legal")
        self.plan = make_plan(load_suite(folder / "legal.yaml", "tried"), detect())
        self.context = Context(self.plan.loaded, self.plan.task, self.plan.device,
                               folder / "runs", 48)

    def tuned(self, label, train=None, change=None, run_id=None, test=None):
        """A finished run; with other items its own id. Who is to be asked by a gate alone needs
        few test items itself."""
        run = next(r for r in self.plan.runs if r.identity.label == label)
        assignment = assign(self.plan, self.store, run)
        splits = assignment.task.splits
        chosen = splits.train[:train]
        chosen = tuple(change(e) for e in chosen) if change else chosen
        task = dataclasses.replace(assignment.task, splits=Splits(chosen, splits.validation,
                                                                  splits.test[:test]))
        identity = assignment.identity.model_copy(update={"run_id": run_id or run.run_id})
        record = carry_out(dataclasses.replace(assignment, task=task, identity=identity), silent)
        assert record.status.state == "ok", record.status
        return record

    def approved(self, record):
        made = make_baseline(self.plan.loaded, self.plan.task, self.store, record, None,
                             approval("", None))
        return Approved(made, self.folder / "legal.json")

    def gate(self, candidate, approved, **asked):
        policy = self.plan.loaded.suite.gate
        policy = policy.model_copy(update={"ratio_at_most": {}, **asked})
        found = kept_candidate(candidate.identity.run_id, self.store, self.context)
        return run_gate(self.context, policy, found, approved, silent)


PROFILE = """
profiles:
  tried:
    methods: []
    budget: {train: 1500, validation: 60, test: 1000, epochs: 3, steps: 1, batch: 16,
             max_length: 48,
             trials: 1, seeds: 1}
    measure: {forgetting: {probes: {sst2: 200, mrpc: 200, rte: null}, passages: 0}}
    backbones:
      minilm:
        methods:
          - features
          - full: {learning_rates: [1.0e-3], as: overtrained}
          - lora: {learning_rates: [1.0e-3]}
      smollm2: null
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return Study(tmp_path_factory.mktemp("gated"))


@pytest.fixture(scope="module")
def approved(study):
    """Frozen features with a head from 1,500 clean items."""
    return study.approved(study.tuned("features"))


def failed(result):
    return {c.rule: c for c in result.checks if c.state != "passed"}


def noise(share, only=lambda e: True):
    """Another class for a share of the items."""
    def change(example):
        rng = random.Random(example.id)
        if not only(example) or rng.random() >= share:
            return example
        others = [c for c in range(6) if c != example.label]
        return dataclasses.replace(example, label=rng.choice(others))
    return change


def test_label_noise_in_tuning_fails_on_accuracy(study, approved):
    noisy = study.tuned("features", change=noise(0.25), run_id="0" * 15 + "1")
    result = study.gate(noisy, approved)
    gap = result.metrics["accuracy"].difference
    assert gap.value <= -0.03
    assert result.exit_code == 1
    assert "accuracy against the baseline" in failed(result)
    assert len(result.broken) - len(result.mended) == round(-1000 * gap.value)


@pytest.fixture(scope="module")
def short(study):
    """An adapter that saw 48 items."""
    return study.tuned("lora", train=48, run_id="0" * 15 + "2", test=300)


def test_truncated_training_fails_on_accuracy(study, approved, short):
    result = study.gate(short, approved)
    assert result.metrics["accuracy"].difference.value <= -0.03
    assert failed(result)["accuracy against the baseline"].state == "failed"


def test_better_on_average_and_far_worse_on_one_slice_fails_on_the_slice(study):
    """The baseline learnt from 40 items, of which a fifth of the licences have wrong classes; the
    candidate from 1,500, of which nearly all of another kind have."""
    small = study.approved(study.tuned(
        "features", train=40, run_id="0" * 15 + "3",
        change=noise(0.2, lambda e: e.slices["kind"] == "licence")))
    lopsided = study.tuned("features", run_id="0" * 15 + "4",
                           change=noise(0.9, lambda e: e.slices["kind"] == "text"))
    result = study.gate(lopsided, small)
    assert result.metrics["accuracy"].difference.low > 0
    assert "worst slice" in failed(result)
    assert failed(result)["worst slice"].about.startswith("kind: text")
    assert result.exit_code == 1


def test_gained_on_the_task_and_forgot_general_knowledge_fails_on_forgetting(study):
    """Every parameter at ten times the usual rate, against a head from 16 items; the limit on
    forgetting is the shipped one."""
    small = study.approved(study.tuned("features", train=16, run_id="0" * 15 + "5"))
    overtrained = study.tuned("overtrained", train=320, run_id="0" * 15 + "6", test=60)
    result = study.gate(overtrained, small, worst_slice_drop_at_most=None,
                        metrics={"accuracy": MetricRule(non_inferior_within=0.05)})
    assert result.metrics["accuracy"].difference.value > 0.03
    assert "forgetting" in failed(result)
    assert "accuracy against the baseline" not in failed(result)
    assert result.exit_code == 1


def test_an_adapter_of_another_task_is_told_by_its_classes(study, approved, tmp_path):
    """Tuned for two classes, asked for six."""
    base = study.plan.backbones["minilm"]
    other = load_classifier(base, ("irrelevant", "relevant"), "cpu")
    get_peft_model(other.model, LoraConfig(task_type="SEQ_CLS", target_modules="all-linear")
                   ).save_pretrained(tmp_path / "adapter")
    found = find_candidate(str(tmp_path / "adapter"), study.context)
    with pytest.raises(HarnessError, match="do not match the task's"):
        run_gate(study.context, study.plan.loaded.suite.gate, found, approved, silent)


@pytest.mark.parametrize(("turned", "passes"), [(False, True), (True, False)])
def test_an_adapter_whose_classes_are_mixed_up_fails(study, short, turned, passes):
    """The approved adapter itself, from its folder, with its classes named rightly or not: what a
    wrong id2label does."""
    labels = study.plan.task.labels
    named = reversed(labels) if turned else labels
    context = dataclasses.replace(study.context, labels={
        str(i): label for i, label in enumerate(named)})
    found = find_candidate(str(study.store.artifact(short.identity.run_id)), context)
    policy = Gate(metrics={"accuracy": {"non_inferior_within": 0.02}})
    result = run_gate(context, policy, found, study.approved(short), silent)
    assert (result.outcome == "passed") is passes
    assert (result.metrics["accuracy"].difference.value == 0) is passes
