"""Every method, through fit, save, load and predict, on tiny backbones."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
from families import write_family

from harness.backbones.encoding.features import FeatureStore
from harness.backbones.handle import KINDS, folder_handle
from harness.backbones.load import load_classifier
from harness.common.clock import Clock
from harness.common.errors import CannotRunError, HarnessError
from harness.methods import register_all
from harness.methods.adapters.presets import AnyPeft
from harness.methods.adapters.tuners import Tuner
from harness.methods.asking.shots import draw_shots
from harness.methods.catalogue import registered
from harness.methods.fitted import declared
from harness.methods.job import Job
from harness.methods.learning.step import DivergedError
from harness.methods.learning.training import Training
from harness.methods.learning.trials import fit_once, tune
from harness.methods.method import METHODS, spread
from harness.targets.metrics import ACCURACY
from harness.tasks.task import load_task

register_all()
# `test_tuners` fits the others.
NAMED = [(row.name, kind) for row in registered()
         for kind in (None, "picture", *KINDS)
         if (row.does(kind, "classification") and "text" in row.needs.inputs if kind != "picture"
             else row.needs.alone and "image" in row.needs.inputs and row.needs.classes is not None)
         and row.name not in ("peft", "merged", "rewind")
         and not issubclass(METHODS[row.name], Tuner)]
VIRTUAL = [name for name in ("prefix-tuning", "prompt-tuning", "p-tuning")
           if "encoder" not in METHODS[name].fails]
"""Methods that put tokens before what a classifier reads, with the installed libraries."""
EPOCHS_AND_STEPS = {"setfit": (20, 5)}
"""Steps an epoch, where an epoch is no pass over the 18 items in batches of 8."""
PEFT = {"peft_type": "LORA", "r": 4, "target_modules": "all-linear"}


@pytest.fixture
def job(loaded, sights, encoder, decoder, seq2seq, vision, device):
    def make(kind, **changes) -> Job:
        task = load_task(sights if kind in ("image", "picture") else loaded)
        splits = task.splits.sample(18, 9, 12)
        task = dataclasses.replace(task, splits=splits)
        budget = loaded.suite.budget.model_copy(update={"epochs": 2, "steps": 1, "batch": 8})
        values = {
            "task": task, "train": splits.train, "validation": splits.validation,
            "budget": budget, "seed": 0, "device": device, "clock": Clock(),
            "store": FeatureStore(None), "embedder": encoder,
            "backbone": {"encoder": encoder, "decoder": decoder, "seq2seq": seq2seq,
                         "image": vision, None: None, "picture": None}[kind]}
        return Job(**{**values, **changes})

    return make


def check_round_trip(method, job, tmp_path):
    chosen = fit_once(method, job, method.settings(job)[0])
    test = job.task.splits.test
    predicted = chosen.fit.fitted.predict(test, Clock())
    assert predicted.shape == (len(test), len(job.task.labels))
    own = declared(chosen.fit.fitted)
    assert own.model or own.embedder or not method.changes_weights
    np.testing.assert_allclose(predicted.sum(axis=1), 1.0, atol=1e-6)
    chosen.fit.fitted.save(tmp_path)
    assert not [p for p in tmp_path.rglob("*") if p.suffix in (".bin", ".pt", ".pkl", ".joblib")]
    assert "/" + "tmp" not in "".join(p.read_text() for p in tmp_path.rglob("*.json"))
    loaded = method.load(job, chosen.setting, tmp_path)
    # Under autocast a prompt's network answers in bf16; what it saves is computed in fp32.
    tolerance = 1e-5 if job.device.autocast == "no" else 2e-4
    np.testing.assert_allclose(loaded.predict(test, Clock()), predicted, atol=tolerance)
    again = fit_once(method, job, chosen.setting).fit.fitted.predict(test, Clock())
    assert np.array_equal(again, predicted), "the same run twice must predict bit for bit alike"
    return chosen


@pytest.mark.parametrize(("name", "kind"), NAMED, ids=[f"{n}-{k}" for n, k in NAMED])
def test_a_method_fits_saves_loads_and_repeats_itself(name, kind, job, tmp_path):
    method = METHODS[name]({})
    chosen = check_round_trip(method, job(kind), tmp_path)
    trainable, total = chosen.fit.fitted.parameters
    assert total >= trainable >= 0
    training = chosen.fit.training
    assert (training is not None) == method.changes_weights
    if training:
        epochs, steps = EPOCHS_AND_STEPS.get(name, (2, 3))
        assert training.steps == epochs * steps
        assert training.flops > 0
        assert ([p.validation_loss is not None for p in training.curve]
                == ([False] * (steps - 1) + [True]) * epochs)


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_any_peft_configuration_inline_and_from_a_file(kind, job, tmp_path):
    check_round_trip(AnyPeft(PEFT), job(kind), tmp_path / "a")
    path = tmp_path / "adapter_config.json"
    path.write_text(json.dumps({**PEFT, "task_type": "SEQ_CLS", "base_model_name_or_path": "x"}))
    assert AnyPeft(path).described() == AnyPeft(PEFT).described()


@pytest.mark.parametrize(("options", "found"), [
    ({"peft_type": "LORRA"}, "peft_type 'LORRA' is not known"), ({}, "is not known"),
    ({**PEFT, "rnk": 2}, "LoraConfig has no field 'rnk'"),
    ({**PEFT, "layers_to_transform": 1, "target_modules": "a.*"}, "LoraConfig:"),
])
def test_a_bad_peft_configuration_is_named(options, found):
    with pytest.raises(HarnessError, match=found):
        AnyPeft(options)


def test_what_peft_cannot_do_is_a_reason(job):
    method = AnyPeft({**PEFT, "target_modules": ["no_such_layer"]})
    with pytest.raises(CannotRunError, match="PEFT cannot put LORA on this backbone"):
        fit_once(method, job("encoder"), {"learning_rate": 0.001})


def test_rag_on_another_method_asks_the_tuned_model(job, tmp_path):
    plain = job("decoder")
    lora = fit_once(METHODS["lora"]({}), plain, {"learning_rate": 0.01})
    lora.fit.fitted.save(tmp_path)
    below = SimpleNamespace(load=lambda: METHODS["lora"]({}).load(plain, {}, tmp_path))
    on_top = dataclasses.replace(plain, inner=below)
    test = plain.task.splits.test
    without = fit_once(METHODS["rag"]({}), plain, {"k": 2}).fit.fitted.predict(test, Clock())
    tuned = fit_once(METHODS["rag"]({}), on_top, {"k": 2}).fit.fitted.predict(test, Clock())
    assert np.abs(tuned - without).max() > 1e-4


def test_retrieved_examples_keep_to_their_token_budget(job):
    plain = job("decoder")
    for tokens in (24, 40, 200):
        fitted = fit_once(METHODS["rag"]({"tokens": tokens}), plain, {"k": 3}).fit.fitted
        without = fitted.writer.prompts(plain.train)
        for prompt, written in zip(without, fitted.write(plain.train, Clock()), strict=True):
            assert len(written.prompt) - len(prompt) <= tokens


def test_tuning_learns_words_that_tell_the_class(job):
    easy = job("encoder", budget=job("encoder").budget.model_copy(
        update={"epochs": 40, "patience": 40}))
    easy = dataclasses.replace(easy, validation=easy.train)
    fitted = fit_once(METHODS["full"]({}), easy, {"learning_rate": 0.001}).fit.fitted
    predicted = fitted.predict(easy.train, Clock()).argmax(axis=1)
    # Three classes alike in number: chance is a third.
    assert (predicted == [e.label for e in easy.train]).mean() > 0.6


@pytest.mark.parametrize("name", ["full", "tfidf", "knn"])
def test_trials_keep_the_setting_that_the_metric_decides_for(job, name):
    given = job(None if name == "tfidf" else "encoder")
    given = dataclasses.replace(given, metric=ACCURACY, budget=given.budget.model_copy(
        update={"trials": 4}))
    chosen = tune(METHODS[name]({}), given)
    best = max(t.held.score for t in chosen.trials)
    equal = {json.dumps(t.setting): t.held.loss for t in chosen.trials if t.held.score == best}
    assert len(chosen.trials) == 4
    assert min(equal, key=equal.get) == json.dumps(chosen.setting)
    plain = [tune(METHODS[name]({}), dataclasses.replace(given, metric=None))]
    losses = {json.dumps(t.setting): t.held.loss for t in plain[0].trials}
    assert min(losses, key=losses.get) == json.dumps(plain[0].setting)


def test_the_winning_trial_is_the_run(job):
    """Fitting the chosen setting again gives the same weights, so the trial's fit is kept."""
    chosen = tune(METHODS["full"]({}), job("encoder"))
    again = fit_once(METHODS["full"]({}), job("encoder"), chosen.setting)
    test = job("encoder").task.splits.test
    assert np.array_equal(chosen.fit.fitted.predict(test, Clock()),
                          again.fit.fitted.predict(test, Clock()))


def test_seeds_change_the_result(job):
    test = job("encoder").task.splits.test
    a, b = (fit_once(METHODS["full"]({}), job("encoder", seed=seed), {"learning_rate": 0.001})
            .fit.fitted.predict(test, Clock()) for seed in (0, 1))
    assert not np.array_equal(a, b)


def test_shots_hold_each_class_alike(job):
    shots = draw_shots(job(None).train, 2, 0)
    assert sorted(e.label for e in shots) == [0, 0, 1, 1, 2, 2]
    assert draw_shots(job(None).train, 2, 1) != shots


def test_a_grid_starts_at_its_centre():
    assert spread(1e-3)[:5] == [1e-3, 3e-3, 3.33333e-4, 9e-3, 1.11111e-4]


def test_a_job_does_not_hold_the_test_split():
    assert "test" not in {f.name for f in dataclasses.fields(Job)}


def test_a_trial_that_diverged_costs_what_it_took(job, monkeypatch):
    fit = METHODS["full"].fit

    def diverging(self, job, setting):
        if setting["learning_rate"] != 1e-4:
            return fit(self, job, setting)
        job.clock.spent["train"] = 7.0
        raise DivergedError("loss is nan", Training(flops=9.0))

    monkeypatch.setattr(METHODS["full"], "fit", diverging)
    first, second = tune(METHODS["full"]({}), job("encoder")).trials
    assert (first.seconds, first.flops, first.failure) == (7.0, 9.0, "loss is nan")
    assert second.failure is None


@pytest.mark.parametrize("method", VIRTUAL)
def test_virtual_tokens_are_taken_from_the_window(method, job):
    """The tiny BERT has 256 positions; 16 are the adapter's."""
    here = job("encoder")
    long = dataclasses.replace(here.train[0], text="iron " * 400)
    here = dataclasses.replace(here, train=(long, *here.train[1:]), budget=here.budget.model_copy(
        update={"max_length": 512, "epochs": 1}))
    chosen = fit_once(METHODS[method]({}), here, {"learning_rate": 1e-3})
    assert chosen.fit.fitted.max_length == 256 - 16
    assert np.isfinite(chosen.fit.fitted.predict([long], Clock())).all()


def test_a_classifier_of_the_last_token_has_learned_input(job, tmp_path):
    folder = write_family("llama", tmp_path / "llama")
    here = dataclasses.replace(job("encoder"), backbone=dataclasses.replace(
        folder_handle(folder), kind="encoder"))
    for method in VIRTUAL[:2]:
        fitted = fit_once(METHODS[method]({}), here, {"learning_rate": 1e-3}).fit.fitted
        test = here.task.splits.test
        together = fitted.predict(test, Clock())
        alone = np.concatenate([fitted.predict([one], Clock()) for one in test])
        np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_head_of_other_classes_gives_way_to_a_fresh_one(method, job, tmp_path):
    here = job("encoder")
    five = load_classifier(here.backbone, tuple("abcde"), "cpu")
    five.model.save_pretrained(tmp_path)
    five.tokenizer.save_pretrained(tmp_path)
    tuned = dataclasses.replace(here, backbone=folder_handle(tmp_path))
    loaded = load_classifier(tuned.backbone, here.task.labels, "cpu")
    assert any(name.endswith("classifier.weight") for name in loaded.fresh)
    made = METHODS[method]({})
    fitted = fit_once(made, tuned, {"learning_rate": 1e-3}).fit.fitted
    (tmp_path / "saved").mkdir()
    fitted.save(tmp_path / "saved")
    again = made.load(tuned, {"learning_rate": 1e-3}, tmp_path / "saved")
    test = here.task.splits.test
    np.testing.assert_array_equal(again.predict(test, Clock()), fitted.predict(test, Clock()))


def test_a_body_of_another_size_is_no_model(job, tmp_path):
    whole = load_classifier(job("encoder").backbone, ("a", "b"), "cpu")
    whole.model.save_pretrained(tmp_path)
    whole.tokenizer.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"intermediate_size": 80}))
    with pytest.raises(HarnessError, match="is not of the size that its configuration says"):
        load_classifier(folder_handle(tmp_path), ("a", "b"), "cpu")
