"""What tests of methods share."""

import pytest
import yaml
from quiz import quiz_dict, write_quiz

from harness.backbones.encoding.features import FeatureStore
from harness.common.clock import Clock
from harness.methods.job import Job
from harness.suite import Budget, load_suite
from harness.tasks.task import load_task


@pytest.fixture(scope="module")
def quiz_task(tmp_path_factory, encoder_folder, decoder_folder):
    """Questions that are answered in words, with a corpus."""
    folder = tmp_path_factory.mktemp("quiz")
    write_quiz(folder)
    (folder / "quiz.yaml").write_text(yaml.safe_dump(quiz_dict(encoder_folder, decoder_folder)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        return load_task(load_suite(folder / "quiz.yaml"))


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
