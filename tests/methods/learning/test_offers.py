"""What a budget offers is tried by every method that can, all of it in the first few trials."""

from dataclasses import replace
from itertools import pairwise

import pytest
import yaml

from harness.common.errors import HarnessError
from harness.methods import register_all
from harness.methods.learning.offers import grid, offered
from harness.methods.learning.trials import tune
from harness.methods.method import METHODS
from harness.suite import load_suite

register_all()


def test_the_first_trials_hold_all_that_is_offered(job):
    here = job(balance=["none", "weights"])
    settings = grid(METHODS["full"]({}), here)
    plain = METHODS["full"]({}).settings(here)
    assert len(settings) == 2 * len(plain)
    assert [s["balance"] for s in settings[:4]] == ["none", "weights", "none", "weights"]
    assert [s["learning_rate"] for s in settings[::2]] == [s["learning_rate"] for s in plain]
    for first, second in list(pairwise(settings))[::2]:
        assert first["learning_rate"] == second["learning_rate"]


def test_each_method_is_offered_what_it_can(job):
    here = job(balance=["none", "focal", "weights", "sampling"])
    ways = {name: offered(METHODS[name]({}), here.budget, "classification")
            for name in ("full", "lora", "bitfit", "features", "tfidf", "knn", "majority")}
    every = ("none", "focal", "weights", "sampling")
    assert ways == {"full": every, "lora": every, "bitfit": every, "features": ("none", "weights"),
                    "tfidf": ("none", "weights"), "knn": (), "majority": ()}
    assert grid(METHODS["knn"]({}), here) == METHODS["knn"]({}).settings(here)


def test_nothing_is_offered_by_default_nor_over_a_method_s_own_word_nor_for_words(job):
    method, here = METHODS["full"]({}), job(balance=["none", "weights"])
    assert grid(method, job()) == method.settings(here)
    assert grid(METHODS["full"]({"balance": "focal"}), here) == method.settings(here)
    assert offered(method, here.budget, "generation") == ()


@pytest.mark.parametrize("name", ["features", "full"])
def test_validation_chooses_what_rare_classes_count(name, job):
    here = job(balance=["none", "weights"], trials=2)
    few = [e for e in here.train if e.label == 0] + [e for e in here.train if e.label][:4]
    chosen = tune(METHODS[name]({}), replace(here, train=tuple(few)))
    assert [trial.setting["balance"] for trial in chosen.trials] == ["none", "weights"]
    assert chosen.setting in [trial.setting for trial in chosen.trials]


def test_a_suite_says_it_and_is_told_of_a_word_that_is_none(suite_file):
    value = yaml.safe_load(suite_file.read_text())
    value["budget"]["balance"] = ["none", "weights"]
    suite_file.write_text(yaml.safe_dump(value))
    assert load_suite(suite_file).suite.budget.balance == ("none", "weights")
    value["budget"]["balance"] = ["justice"]
    suite_file.write_text(yaml.safe_dump(value))
    with pytest.raises(HarnessError, match="balance"):
        load_suite(suite_file)
