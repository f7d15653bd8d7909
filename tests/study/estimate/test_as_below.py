"""What stands on a tuned model with its passes is estimated by what that was timed to take."""

import pytest
import yaml

from harness.methods.method import METHODS
from harness.methods.work import Work
from harness.study.estimate.estimate import _work_of
from harness.study.planning.plan import make_plan
from harness.suite import load_suite


@pytest.fixture
def works(suite_file, device):
    suite = yaml.safe_load(suite_file.read_text())
    suite["backbones"] = {"dec": suite["backbones"]["dec"] | {"methods": [
        "lora", "rewind+lora", {"rewind+lora": {"shares": [0.5, 1.0], "as": "half"}},
        "merged+lora"]}}
    suite["budget"] |= {"trials": 1, "seeds": 1}
    suite_file.write_text(yaml.safe_dump(suite))
    plan = make_plan(load_suite(suite_file), device)
    return {run.identity.label: _work_of(plan, run, set())[0] for run in plan.runs}


def test_they_are_timed_as_what_they_stand_on(works):
    assert {works[label].own for label in ("rewind+lora", "half", "merged+lora")} == {
        works["lora"].own}


def test_a_whole_grid_is_tried_whatever_the_trials_and_none_of_it_learns(works):
    assert works["rewind+lora"].fits == (Work(loads=2),) * 10
    assert works["half"].fits == (Work(loads=2),) * 2
    assert works["merged+lora"].fits == (Work(),)
    assert len(works["lora"].fits) == 1


def test_what_is_quantised_then_has_no_estimate():
    assert METHODS["merged"]({"quantize": "nf4"}).work(None, {}) is None
