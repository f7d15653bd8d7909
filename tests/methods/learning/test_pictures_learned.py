"""Learning from pictures: changed at random or not, with every part of the loop."""

import dataclasses

import numpy as np
import pytest
import torch
from pictured import write_vision

from harness.backbones.encoding.features import FeatureStore
from harness.backbones.frozen import frozen
from harness.backbones.handle import folder_handle
from harness.common.clock import Clock
from harness.common.errors import CannotRunError, HarnessError
from harness.methods import register_all
from harness.methods.job import Job
from harness.methods.learning.probing import TRIED, USUAL, begin_probed
from harness.methods.learning.trials import fit_once
from harness.methods.linear import strengths
from harness.methods.method import METHODS
from harness.methods.resolve import resolve
from harness.methods.whole import load_model
from harness.suite import load_suite
from harness.tasks.task import load_task

register_all()


@pytest.fixture
def job(sights, vision, device):
    task = load_task(sights)
    splits = task.splits.sample(18, 9, 12)
    budget = sights.suite.budget.model_copy(update={"epochs": 3, "steps": 1, "batch": 8})
    return Job(task=dataclasses.replace(task, splits=splits).view, train=tuple(splits.train),
               validation=tuple(splits.validation), budget=budget, seed=0, device=device,
               clock=Clock(), store=FeatureStore(None), backbone=vision), splits.test


def fitted(job, **changes):
    budget = job.budget.model_copy(update=changes)
    return fit_once(METHODS["full"]({}), dataclasses.replace(job, budget=budget),
                    {"learning_rate": 1e-3}).fit


@pytest.mark.parametrize("how", ["flip", "crop", "randaugment"])
def test_changed_pictures_teach_otherwise_and_the_same_each_time(how, job):
    job, test = job
    plain = fitted(job).fitted.predict(test, Clock())
    changed = fitted(job, augment=how)
    answers = changed.fitted.predict(test, Clock())
    assert not np.allclose(answers, plain)
    assert np.array_equal(fitted(job, augment=how).fitted.predict(test, Clock()), answers)
    # What is answered is never changed.
    assert np.array_equal(changed.fitted.predict(test, Clock()), answers)


@pytest.mark.parametrize(("family", "name"), [
    ("dinov2", "full"), ("dinov2", "lora"), ("resnet", "selective"), ("clip", "bitfit")])
def test_a_step_of_nothing_from_a_probed_head_answers_as_features_would(family, name, job,
                                                                        tmp_path):
    """LP-FT: as `features` of one of the strengths that are tried."""
    job, test = job
    here = dataclasses.replace(job, backbone=folder_handle(write_vision(family, tmp_path)))
    begun = METHODS[name]({"head": "probed"})
    still = fit_once(begun, here, {"learning_rate": 1e-12}).fit.fitted.predict(test, Clock())
    read = METHODS["features"]({"pooling": "head"})
    each = [fit_once(read, here, {"C": c}).fit.fitted.predict(test, Clock())
            for c in strengths(here, USUAL, TRIED)]
    atol = 1e-3 if here.device.autocast == "no" else 0.03
    assert min(np.abs(still - one).max() for one in each) < atol
    fresh = fit_once(METHODS[name]({}), here, {"learning_rate": 1e-12}).fit.fitted
    assert min(np.abs(fresh.predict(test, Clock()) - one).max() for one in each) > 0.05
    assert begun.refuses("classification", "image") is None
    assert [one.key for one in begun.work(here, {"learning_rate": 1e-3}).readings] == [
        frozen(here.backbone, here.budget.max_length, here.device, "head").key]


def test_a_head_with_other_new_layers_is_not_probed(job):
    job, _ = job
    loaded = load_model(job)
    loaded.fresh["dinov2.odd"] = torch.nn.Parameter(torch.zeros(1))
    with pytest.raises(CannotRunError, match=r"other layers that begin at random \(dinov2.odd\)"):
        begin_probed(loaded, job, "none")


def test_statistics_of_batches_have_no_part_in_learning(job, tmp_path):
    job, _ = job
    resnet = dataclasses.replace(job, backbone=folder_handle(write_vision("resnet", tmp_path)))
    model = fitted(resnet).fitted.loaded.model
    kept = {name: value for name, value in model.named_buffers() if "running" in name}
    assert len(kept) > 5
    from safetensors.torch import load_file

    before = load_file(tmp_path / "model.safetensors")
    for name, value in kept.items():
        torch.testing.assert_close(value, before[name.removeprefix("resnet.")], atol=0, rtol=0)


def read(suite):
    loaded = load_suite(suite)
    resolve(loaded)
    load_task(loaded)


@pytest.mark.parametrize(("change", "found"), [
    ({"methods": ["tfidf"]}, "'tfidf' does not read items of input image"),
    ({"prompt": {"instruction": "a", "item": "{text}"}}, "no model is asked about a picture"),
    ({"kind": "generation"}, "is of texts"),
    ({"backbone": "encoder"}, "reads items of input text"),
    ({"method": "prompt-tuning"}, "a picture has none"),
    ({"method": {"full": {"pooling": "mean"}}}, "is of texts"),
    ({"reader": {"table": {"text": "a", "label": "b"}}}, "the reader table reads items of input"),
    ({"unreadable": "drop", "input": "text"}, "say what a model is asked"),
])
def test_what_makes_no_sense_for_pictures_is_refused_by_name(change, found, sights_file):
    import yaml

    suite = yaml.safe_load(sights_file.read_text())
    suite["methods"] = change.get("methods", suite["methods"])
    suite["task"] |= {name: change[name] for name in
                      ("prompt", "kind", "reader", "unreadable", "input") if name in change}
    if change.get("kind"):
        del suite["task"]["labels"]
        suite["decide"] = {"metric": "token_f1"}
    if "method" in change:
        suite["backbones"]["tiny"]["methods"] = [change["method"]]
    if "backbone" in change:
        suite["backbones"]["tiny"]["kind"] = change["backbone"]
    sights_file.write_text(yaml.safe_dump(suite))
    with pytest.raises(HarnessError, match=found):
        read(sights_file)
