"""What tests of methods share."""

import pytest

from harness.backbones.encoding.features import FeatureStore
from harness.common.clock import Clock
from harness.methods.job import Job
from harness.suite import Budget
from harness.tasks.task import load_task


@pytest.fixture
def job(loaded, encoder, device):
    """Makes a job on a tiny encoder, whose budget departs in `changes`."""
    def make(**changes) -> Job:
        task = load_task(loaded)
        budget = Budget(**{"epochs": 1, "batch": 8, "max_length": 32, **changes})
        return Job(task=task, train=task.splits.train[:16], validation=task.splits.validation[:9],
                   budget=budget, seed=0, device=device, clock=Clock(), store=FeatureStore(None),
                   backbone=encoder)

    return make
