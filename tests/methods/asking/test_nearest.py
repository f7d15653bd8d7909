"""Worked examples that are near to an item, for few-shot prompting and for retrieval alike."""

import dataclasses

import numpy as np
import pytest
import yaml

from harness.backbones.encoding.features import FeatureStore
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.methods import register_all
from harness.methods.asking.shots import draw_shots
from harness.methods.job import Job
from harness.methods.method import METHODS
from harness.methods.resolve import resolve
from harness.study.planning.plan import make_plan
from harness.suite import load_suite
from harness.tasks.task import load_task

register_all()
CPU = Device("cpu", "test", "no", 1)
SETTING = {"per_class": 1, "score": "plain"}


@pytest.fixture
def job(loaded, encoder, decoder):
    task = load_task(loaded)
    splits = task.splits.sample(18, 9, 12)
    return Job(task=dataclasses.replace(task, splits=splits), train=splits.train,
               validation=splits.validation, budget=loaded.suite.budget, seed=0, device=CPU,
               clock=Clock(), store=FeatureStore(None), backbone=decoder, embedder=encoder)


def similar(**options):
    return METHODS["few-shot"]({"choose": "similar", **options})


def test_the_nearest_example_stands_last(job):
    fitted, test = similar().fit(job, SETTING).fitted, job.task.splits.test
    _, nearest = fitted.retriever.search(test, 3, Clock())
    for question, example, places in zip(fitted.write(test, Clock()), test, nearest, strict=True):
        text = fitted.loaded.tokenizer.decode(question.prompt)
        found = [text.index(job.train[place].text) for place in places]
        assert found == sorted(found, reverse=True)
        assert text.index(example.text) > found[0]


def test_as_many_are_shown_as_would_be_drawn(job):
    for each in (1, 2):
        fitted = similar().fit(job, {"per_class": each}).fitted
        assert fitted.k == len(draw_shots(job.train, each, 0)) == 3 * each
        text = fitted.loaded.tokenizer.decode(fitted.write(job.validation, Clock())[0].prompt)
        assert text.count("Text: ") == fitted.k + 1


def test_retrieval_without_a_shortage_of_tokens_is_few_shot_with_similar_examples(job):
    asked = similar().fit(job, SETTING).fitted
    found = METHODS["rag"]({"tokens": 4000}).fit(job, {"k": 3, "score": "plain"}).fitted
    test = job.task.splits.test
    assert [one.prompt for one in found.write(test, Clock())] == [
        one.prompt for one in asked.write(test, Clock())]
    assert np.array_equal(found.predict(test, Clock()), asked.predict(test, Clock()))


def test_similar_examples_are_found_again_from_what_was_saved(job, tmp_path):
    fitted, test = similar().fit(job, SETTING).fitted, job.task.splits.test
    fitted.save(tmp_path)
    again = similar().load(dataclasses.replace(job, seed=3), SETTING, tmp_path)
    assert np.array_equal(again.predict(test, Clock()), fitted.predict(test, Clock()))


def planned(suite_file, choose, **changes):
    suite = yaml.safe_load(suite_file.read_text()) | changes
    suite = {name: value for name, value in suite.items() if value is not None}
    suite["backbones"]["dec"] |= {"methods": [{"few-shot": {"choose": choose}}],
                                  "budget": {"seeds": 3, "train": 1000}}  # no draw of some
    suite_file.write_text(yaml.safe_dump(suite, sort_keys=False))
    return load_suite(suite_file)


def test_random_examples_hang_on_the_seed_and_similar_ones_on_the_embedder(suite_file):
    drawn, near = ([run for run in make_plan(planned(suite_file, choose), CPU).runs
                    if run.identity.method == "few-shot"] for choose in ("random", "similar"))
    assert [run.identity.random for run in drawn] == [True] * 3
    assert [run.identity.random for run in near] == [False]
    assert drawn[0].identity.embedder_sha256 is None
    assert near[0].identity.embedder_sha256 is not None


def test_similar_examples_need_an_embedder(suite_file):
    loaded = planned(suite_file, "similar", embedder=None)
    with pytest.raises(HarnessError, match="few-shot with these options needs the suite's"):
        resolve(loaded)
