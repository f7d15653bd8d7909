"""Which setting is chosen, and what is known of the choice."""

import dataclasses

import numpy as np
import pytest

from harness.backbones.encoding.features import FeatureStore
from harness.common.clock import Clock
from harness.methods.fitted import Fit
from harness.methods.job import Job
from harness.methods.learning.training import Training
from harness.methods.learning.trials import at_edge, chance, held_out, tune
from harness.methods.learning.validated import HeldOut
from harness.methods.method import Method
from harness.methods.needs import Needs
from harness.study.parts import ending
from harness.targets.metrics import ACCURACY
from harness.tasks.task import load_task


class Answers(Method):
    """Gives each item its class with the probability that the setting says, the rest evenly."""

    name, family, needs, summary = "answers", "floor", Needs(classes=(), alone=True), ""
    grid = (0.2, 0.9, 0.1)

    def settings(self, job):
        return [{"sure": sure} for sure in self.grid]

    def fit(self, job, setting):
        return Fit(Sure(setting["sure"], job.classes, {e.id: e.label for e in job.validation}))

    def load(self, job, setting, folder):
        return self.fit(job, setting).fitted


@dataclasses.dataclass
class Sure:
    sure: float
    classes: int
    right: dict

    def predict(self, items, clock):
        rest = (1 - self.sure) / (self.classes - 1)
        rows = np.full((len(items), self.classes), rest)
        rows[range(len(items)), [self.right[item.id] for item in items]] = self.sure
        return rows


@pytest.fixture
def job(loaded, device):
    task = load_task(loaded)
    splits = task.splits.sample(24, 12, 18)
    return Job(task, tuple(splits.train), tuple(splits.validation), loaded.suite.budget, 0, device,
               Clock(), FeatureStore(None), metric=ACCURACY)


def test_the_setting_that_answers_best_is_chosen_and_a_poor_one_is_not_above_chance(job):
    three = dataclasses.replace(job, budget=job.budget.model_copy(update={"trials": 3}))
    chosen = tune(Answers({}), three)
    assert chosen.setting == {"sure": 0.9}
    assert [trial.held.score for trial in chosen.trials] == [0.0, 1.0, 0.0]
    found = ending(three, chosen)
    assert (found.chosen_by, found.stopped, found.validation_score) == ("accuracy", "no training",
                                                                        1.0)
    assert found.above_chance
    assert (found.validation_items, found.validation_worth) == (12, None)
    assert not found.still_improving
    poor = tune(Answers({}), dataclasses.replace(job, budget=job.budget.model_copy(
        update={"trials": 1})))
    assert poor.setting == {"sure": 0.2}
    assert not ending(job, poor).above_chance


class ClassificationAnswers(Answers):
    """Right on the items of the class that the setting names, wrong on all others."""

    grid = (0, 1, 2)

    def settings(self, job):
        return [{"right": label} for label in self.grid]

    def fit(self, job, setting):
        wrong = {e.id: e.label if e.label == setting["right"] else (e.label + 1) % job.classes
                 for e in job.validation}
        return Fit(Sure(0.9, job.classes, wrong), None)


@pytest.mark.parametrize("heavy", [0, 1, 2])
def test_validation_items_choose_by_their_weights_and_the_record_says_what_they_are_worth(
        job, heavy):
    items = tuple(dataclasses.replace(e, weight=5.0 if e.label == heavy else 0.5)
                  for e in job.validation)
    weighted = dataclasses.replace(job, validation=items,
                                   budget=job.budget.model_copy(update={"trials": 3}))
    own = np.array([e.weight for e in items])
    chosen = tune(ClassificationAnswers({}), weighted)
    found = ending(weighted, chosen)
    assert chosen.setting == {"right": heavy}
    assert found.validation_score == pytest.approx(own[own > 1].sum() / own.sum())
    assert (found.validation_items, found.validation_worth) == (
        len(own), pytest.approx(own.sum() ** 2 / (own**2).sum()))


@pytest.mark.parametrize(("trials", "whole"), [(1, False), (2, False), (3, True), (9, True)])
def test_a_grid_is_whole_where_all_of_it_was_tried(job, trials, whole):
    several = dataclasses.replace(job, budget=job.budget.model_copy(update={"trials": trials}))
    chosen = tune(Answers({}), several)
    assert len(chosen.trials) == min(trials, 3)
    assert chosen.whole_grid == ending(several, chosen).whole_grid == whole


def test_chance_is_the_share_of_the_most_frequent_class_of_the_training_items(job):
    counts = [sum(e.label == c for e in job.train) for c in range(job.classes)]
    share = sum(e.label == counts.index(max(counts)) for e in job.validation) / len(job.validation)
    assert chance(job).score == pytest.approx(share)


def test_what_training_heard_of_its_weights_is_not_asked_for_again(job):
    heard = HeldOut(0.5, 1.0, 12)
    assert held_out(Fit(None, Training(held=heard)), job, Clock()) == heard


@pytest.mark.parametrize(("chosen", "tried", "edge"), [
    ({"C": 1.0}, [1.0, 3.0, 0.3], False),
    ({"C": 3.0}, [1.0, 3.0, 0.3], True),
    ({"C": 0.3}, [1.0, 3.0, 0.3], True),
    ({"C": 9.0}, [1.0, 3.0, 9.0, 0.3, 0.1], False),  # the grid ends there
    ({"C": 1.0}, [1.0], False),  # nothing else was tried
    ({"C": 1.0}, [1.0, 3.0], False),  # the usual one
    ({"C": 3.0}, [1.0, 3.0], True),
])
def test_an_edge_is_where_the_tried_end_and_the_grid_goes_on(chosen, tried, edge):
    grid = [{"C": c} for c in (1.0, 3.0, 0.3, 9.0, 0.1)]
    assert at_edge(chosen, [{"C": c} for c in tried], grid) == edge


def test_words_have_no_edge():
    settings = [{"by": "mean", "C": 1.0}, {"by": "last", "C": 1.0}]
    assert not at_edge(settings[1], settings, [*settings, {"by": "first", "C": 1.0}])
