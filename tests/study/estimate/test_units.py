"""What methods say of their work is what they do, and each of them can be timed."""

import math

import pytest
import yaml
from quiz import quiz_dict, write_quiz
from rated import rated, rated_dict
from tagged import tagged, tagged_dict
from tiny import sentences, suite_dict

from harness.common.device import detect
from harness.methods.asking.asked import AskedDecoder
from harness.methods.learning.encoder import EncoderClassifier
from harness.methods.learning.offers import grid
from harness.methods.tuned import Tuned
from harness.study.assignment import make_job
from harness.study.estimate import measuring
from harness.study.estimate.estimate import estimate
from harness.study.estimate.measuring import NOWHERE, usual
from harness.study.planning.plan import make_plan
from harness.study.run import assign
from harness.suite import load_suite
from harness.tasks.examples import Example

ENCODERS = ["knn", "features", "setfit", "full", "selective", "bitfit", "lora", "prompt-tuning",
            {"full": {"pooling": "mean", "head": "probed", "as": "lp-ft"}}]
DECODERS = ["zero-shot", "few-shot", {"few-shot": {"choose": "similar", "as": "alike"}}, "rag",
            "features", "selective", "lora", "prefix-tuning", "rag+lora"]


def plan_of(folder, suite):
    path = folder / "suite.yaml"
    path.write_text(yaml.safe_dump(suite, sort_keys=False))
    return make_plan(load_suite(path), detect())


def of_classes(folder, encoder, decoder):
    sentences().to_csv(folder / "data.csv", index=False)
    suite = suite_dict(encoder, decoder)
    suite["methods"] += ["char-tfidf", "gzip"]
    suite["budget"] |= {"trials": 2, "balance": ["none", "weights"], "epochs": 2}
    suite["backbones"]["enc"]["methods"] = ENCODERS
    suite["backbones"]["dec"]["methods"] = DECODERS
    return suite


def of_numbers(folder, encoder, decoder):
    rated().to_csv(folder / "data.csv", index=False)
    return rated_dict(encoder, decoder)


def of_several_classes(folder, encoder, decoder):
    tagged().to_csv(folder / "data.csv", index=False)
    return tagged_dict(encoder, decoder)


def of_words(folder, encoder, decoder):
    write_quiz(folder)
    return quiz_dict(encoder, decoder)


def of_seq2seq(folder, encoder, seq2seq):
    sentences().to_csv(folder / "data.csv", index=False)
    suite = suite_dict(encoder, seq2seq)
    suite["backbones"] = {"t5": suite["backbones"]["dec"] | {
        "kind": "seq2seq", "methods": ["zero-shot", "features", "lora", "rag+lora"]}}
    return suite


@pytest.mark.parametrize("make", [of_classes, of_numbers, of_several_classes, of_words,
                                  of_seq2seq])
def test_every_run_of_every_kind_of_task_is_estimated(make, tmp_path, encoder_folder,
                                                      decoder_folder, seq2seq_folder):
    folder = seq2seq_folder if make is of_seq2seq else decoder_folder
    plan = plan_of(tmp_path, make(tmp_path, encoder_folder, folder))
    found = estimate(plan, plan.runs, lambda text: None)
    assert found.unknown == {}
    least = min(found.runs, key=lambda run_id: found.runs[run_id].whole.seconds)
    assert found.runs[least].whole.seconds > 0, (found.works[least], found.runs[least])


def test_work_is_what_a_fit_does(tmp_path, encoder_folder, decoder_folder, monkeypatch):
    """Steps, looks and settings of every method that learns by gradient, where patience lasts."""
    suite = of_classes(tmp_path, encoder_folder, decoder_folder)
    suite["budget"] |= {"epochs": 2, "patience": 50, "seeds": 1}
    suite["backbones"]["dec"] |= {"budget": {"seeds": 1, "train": 20}}
    plan = plan_of(tmp_path, suite)
    for run in plan.runs:
        if not isinstance(run.entry.method, Tuned):
            continue
        job = make_job(assign(plan, NOWHERE, run), lambda text: None)
        setting = grid(run.entry.method, job)[0]
        work, training = run.entry.method.work(job, setting), run.entry.method.fit(
            job, setting).training
        looks = sum(point.validation_loss is not None for point in training.curve)
        assert work.steps + work.later == training.steps, run.title
        assert work.steps == math.ceil(len(job.train) / job.budget.batch)
        assert work.looked == looks * len(job.validation), run.title
        assert all(point.seconds > 0 for point in training.curve)
        assert sum(point.tokens for point in training.curve) == training.tokens


def test_prompts_are_as_many_and_about_as_long_as_a_method_says(tmp_path, encoder_folder,
                                                                decoder_folder):
    suite = of_classes(tmp_path, encoder_folder, decoder_folder)
    suite["backbones"]["dec"]["methods"] = ["zero-shot", "few-shot", {"rag": {"tokens": 200}}]
    plan = plan_of(tmp_path, suite)
    items = plan.sample(plan.runs[-1].budget).test[:8]

    def said_and_put(name):
        run = next(run for run in plan.runs if run.identity.label == name)
        job = make_job(assign(plan, NOWHERE, run), lambda text: None)
        plain, beside = grid(run.entry.method, job)[:2]
        asked = run.entry.method.fit(job, plain).fitted
        asked.predict(items, job.clock)
        long = sum(len(one.prompt) for one in asked.write(items, job.clock)) / len(items)
        return [run.entry.method.work(job, one) for one in (plain, beside)], long

    (alone, _), short = said_and_put("zero-shot")
    (shown, _), longer = said_and_put("few-shot")
    (found, calibrated), longest = said_and_put("rag")
    assert (alone.before, alone.head, alone.prompts) == (0, 0, 1)
    assert short + shown.head == pytest.approx(longer, rel=0.15)
    assert short + found.before == pytest.approx(longest, rel=0.15)
    assert (found.prompts, calibrated.prompts) == (1, 4)


def test_usual_items_are_about_as_long_as_all():
    items = [Example(str(i), "x" * i, None, 0, str(i), {}) for i in range(100)]
    few = usual(items, 5)
    assert [len(item.text) for item in few] == [50, 10, 30, 70, 90]
    assert len(usual(items[:2], 5)) == 2


def test_units_are_of_what_runs_compute(suite_file, tmp_path, monkeypatch):
    """Timed is the methods' own answering and their own training, no copy of it."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(measuring, "elsewhere", lambda timed, few, say: timed(few, say))
    called = []
    for kind in (EncoderClassifier, AskedDecoder):
        original = kind.predict
        monkeypatch.setattr(kind, "predict", lambda self, items, clock, of=original: (
            called.append(len(items)), of(self, items, clock))[1])
    plan = make_plan(load_suite(suite_file), detect())
    found = estimate(plan, plan.runs, lambda text: None)
    assert found.unknown == {}
    assert set(called) == {1, 12}
