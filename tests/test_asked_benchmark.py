"""The benchmark of ways to ask reads a case once; a rule's figures are those of a run with it."""

import dataclasses

import numpy as np
import pytest

from benchmarks.prompts import CASES, asked, scored, table
from harness.backbones.encoding.features import FeatureStore
from harness.common.clock import Clock
from harness.common.device import Device
from harness.methods import register_all
from harness.methods.asking.scores import RULES
from harness.methods.job import Job
from harness.methods.method import METHODS
from harness.tasks.task import load_task

register_all()


@pytest.mark.parametrize("case", CASES)
def test_a_case_read_once_is_what_runs_have(case, loaded, encoder, decoder):
    task = load_task(loaded)
    splits = task.splits.sample(18, 9, 4)
    job = Job(task=dataclasses.replace(task, splits=splits), train=splits.train,
              validation=splits.validation, budget=loaded.suite.budget, seed=0, clock=Clock(),
              device=Device("cpu", "test", "no", 1), store=FeatureStore(None), backbone=decoder,
              embedder=encoder)
    found = scored(asked(job, case, "plain"), splits.test)
    name, options, setting = CASES[case]
    for rule in RULES:
        fitted = METHODS[name]({**options, "score": rule}).fit(job, setting | {"score": rule})
        np.testing.assert_allclose(found[rule], fitted.fitted.predict(splits.test, Clock()),
                                   atol=1e-5)


def test_what_was_not_measured_has_no_line():
    row = {"test": dict.fromkeys(RULES, 0.5)}
    assert len(table({"rag / chat": row})) == 3
