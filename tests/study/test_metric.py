"""A metric that cannot decide is refused before any run."""

import pytest
import yaml
from tiny import WORDS, sentences

from harness.common.errors import HarnessError
from harness.study.planning.plan import make_plan
from harness.suite import load_suite


@pytest.fixture
def given_test(suite_file):
    """Makes a suite with a test file of these classes, decided by a metric."""
    def make(metric, classes, test=18):
        suite = yaml.safe_load(suite_file.read_text())
        frame = sentences()
        last = frame.index >= 80
        frame[~last].to_csv(suite_file.parent / "train.csv", index=False)
        frame[last & frame["label"].isin(classes)].to_csv(suite_file.parent / "test.csv",
                                                          index=False)
        suite["task"]["source"] = {"train": {"file": "train.csv"}, "test": {"file": "test.csv"}}
        suite["decide"] = {"metric": metric}
        suite["budget"]["test"] = suite["backbones"]["dec"]["budget"]["test"] = test
        suite_file.write_text(yaml.safe_dump(suite, sort_keys=False))
        return load_suite(suite_file)
    return make


def test_an_area_that_is_not_defined_is_an_error_before_any_run(given_test, device):
    """Case test-lacks-class: the given test file has no item of a class."""
    with pytest.raises(HarnessError) as raised:
        make_plan(given_test("roc_auc", ["fruit", "metal"]), device)
    assert "decide.metric: roc_auc is not defined" in str(raised.value)
    assert "metal alloy" in str(raised.value)
    assert "Raise" not in str(raised.value)
    assert make_plan(given_test("macro_f1", ["fruit", "metal"]), device).runs
    assert make_plan(given_test("roc_auc", list(WORDS)), device).runs


def test_too_small_a_budget_for_the_area_is_told_from_a_lacking_class(given_test, device):
    with pytest.raises(HarnessError, match="test items that every"):
        make_plan(given_test("roc_auc", list(WORDS), test=2), device)
