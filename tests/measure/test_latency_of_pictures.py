"""An answer's time about a picture holds decoding and resizing, each time, and tells them apart."""

import dataclasses

import pytest

from harness.backbones.encoding.features import FeatureStore
from harness.backbones.vision.prepared import Prepared
from harness.common.clock import Clock
from harness.gate.timing import time_models
from harness.inputs import picture_store
from harness.measure.latency import measure_latency, time_interleaved
from harness.methods import register_all
from harness.methods.job import Job
from harness.methods.learning.trials import fit_once
from harness.methods.method import METHODS
from harness.report.picture_time import said
from harness.suite import Latency
from harness.tasks.examples import asked
from harness.tasks.task import load_task

register_all()
REQUESTS, WARM = 20, 2
ASKED = Latency(requests=REQUESTS, warmup=WARM, batch=3, batches=1)


@pytest.fixture
def here(sights, vision, device):
    task = load_task(sights)
    return Job(task=dataclasses.replace(task, splits=task.splits.sample(18, 9, 6)).view,
               train=tuple(task.splits.train[:18]), validation=tuple(task.splits.validation[:9]),
               budget=sights.suite.budget.model_copy(update={"epochs": 1, "steps": 1}), seed=0,
               device=device, clock=Clock(), store=FeatureStore(None), backbone=vision), asked(
                   task.splits.test[:6])


def model(job, name):
    setting = METHODS[name]({}).settings(job)[0]
    return fit_once(METHODS[name]({}), job, setting).fit.fitted


@pytest.fixture
def counted(monkeypatch):
    """How often a file was decoded, and a picture resized."""
    found = {"decode": 0, "resize": 0}
    decode, resized = picture_store.decode, Prepared.resized

    def note(name, made):
        def noted(*given):
            found[name] += 1
            return made(*given)
        return noted

    monkeypatch.setattr(picture_store, "decode", note("decode", decode))
    monkeypatch.setattr(Prepared, "resized", note("resize", resized))
    return found


def test_what_was_answered_before_is_read_anew_when_it_is_timed(here, counted):
    job, items = here
    fitted = model(job, "full")
    fitted.predict(items, Clock())
    before = dict(counted)
    fitted.predict(items, Clock())
    assert counted == before  # kept
    figures = measure_latency({"full": fitted}, items, ASKED, job.device, "r", lambda text: None)
    assert {name: counted[name] - before[name] for name in counted} == dict.fromkeys(
        counted, REQUESTS + WARM + 3)
    own = figures["full"]
    assert list(own.parts_ms) == ["decode", "resize", "model"]
    assert all(0 < one.p50_ms <= one.p95_ms < own.p95_ms for one in own.parts_ms.values())
    assert said(own.parts_ms).startswith("decoding ")
    fitted.predict(items, Clock())
    assert counted["decode"] == before["decode"] + REQUESTS + WARM + 3


def test_parts_sum_to_the_whole_of_each_request(here):
    job, items = here
    models = {"features": model(job, "features"), "colours": model(job, "colours")}
    found = time_interleaved(models, items, ASKED, job.device, lambda text: None)
    for samples in found.values():
        for whole, parts in zip(samples.requests, samples.parts, strict=True):
            assert 0 < sum(parts.values()) < whole
    assert set(found["features"].parts_ms) == {"decode", "resize", "model"}
    # A floor makes its own few numbers of the pixels: nothing is resized for a model.
    assert set(found["colours"].parts_ms) == {"decode", "model"}
    timing = time_models({"candidate": models["features"], "baseline": models["colours"]}, items,
                         REQUESTS, 3, job.device, lambda text: None)
    assert set(timing.parts) == {"candidate", "baseline"}
