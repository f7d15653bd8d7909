"""What a candidate forgot, with one-sided bounds, over benchmarks and of one by itself."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from harness.forgetting.figures import forgetting
from harness.forgetting.items import Answer, General
from harness.gate import forgotten as room
from harness.gate.forgotten import forgetting_evidence, lost_share
from harness.measure.intervals import mean_of, paired_proportions
from harness.methods.fitted import Declared
from harness.suite import ForgettingItems, Gate


def general(**scores):
    return General(tuple(Answer(name, f"{name}:{i}", "acc", "text", "a", "b", float(score))
                         for name, all_scores in scores.items()
                         for i, score in enumerate(all_scores)), (), truncated=0)


def test_one_benchmark_has_tango_s_bounds():
    before, after = general(arc=[1] * 50), general(arc=[1] * 40 + [0] * 10)
    found = lost_share(before, after, ["arc"])
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx(paired_proportions(10, 0, 50, 0.9))
    wider = forgetting("k", before, after, 0.0).mean
    assert -wider.high < found.low
    assert found.high < -wider.low, "two-sided 95% bounds lie further out than one-sided ones"


def test_the_mean_is_over_benchmarks_and_gains_count_against_losses():
    rng = np.random.default_rng(0)
    before = general(a=rng.integers(0, 2, 30), b=rng.integers(0, 2, 300))
    after = general(a=rng.integers(0, 2, 30), b=rng.integers(0, 2, 300))
    figures = forgetting("k", before, after, 0.0)
    found = lost_share(before, after, ["a", "b"])
    assert found.value == pytest.approx(-figures.mean.difference)
    assert found.low < found.value < found.high


def test_nothing_changed_is_no_certainty():
    same = general(arc=[1] * 20 + [0] * 20)
    found = lost_share(same, same, ["arc"])
    assert found.value == 0
    assert found.high > 0.03


WANTED = ("mean", "arc", "ifeval", "sst2")
BEFORE = general(arc=[1] * 40 + [0] * 20, ifeval=[1] * 30 + [0] * 10)
AFTER = general(arc=[1] * 40 + [0] * 20, ifeval=[1] * 18 + [0] * 22)


@pytest.fixture
def evidence(monkeypatch):
    """What is found of a candidate that was tuned, whose answers and its base's are given."""
    def found(before, after, wanted=WANTED):
        monkeypatch.setattr(room, "examiner", lambda *_: SimpleNamespace(put_to=lambda *_: after))
        monkeypatch.setattr(room, "base_scores", lambda *_: before)
        answering = SimpleNamespace(declares=Declared(model=object()))
        candidate = SimpleNamespace(record=None, admitted=None, unasked=None, name="c",
                                    base=SimpleNamespace(name="dec", kind="decoder"))
        return forgetting_evidence(candidate, answering, ForgettingItems(), None, wanted, 0.95)

    return found


def test_a_benchmark_has_bounds_of_its_own_beside_the_mean_s(evidence):
    found = evidence(BEFORE, AFTER)
    assert list(found) == list(WANTED)
    alone = found["ifeval"]
    assert alone.value == pytest.approx(0.3)
    assert (alone.low, alone.high) == pytest.approx(paired_proportions(12, 0, 40, 0.9))
    assert (found["arc"].low, found["arc"].high) == pytest.approx(paired_proportions(0, 0, 60, 0.9))
    assert found["mean"].value == pytest.approx(0.15)
    assert (found["mean"].low, found["mean"].high) == pytest.approx(mean_of(
        [0.0, 0.3], [(one.low, one.high) for one in (found["arc"], alone)]))


def test_each_says_what_it_is_over(evidence):
    in_chat = General(tuple(replace(a, chat=a.benchmark == "ifeval") for a in BEFORE.answers))
    found = evidence(in_chat, AFTER)
    assert found["mean"].about == ("100 items of arc, ifeval, with its chat template, "
                                   "against the untouched dec")
    assert found["arc"].about == "60 items of arc, against the untouched dec"


def test_what_a_kind_of_backbone_is_not_asked_is_nothing_lost_and_said(evidence):
    probe = evidence(BEFORE, AFTER)["sst2"]
    assert (probe.value, probe.low, probe.high) == (0.0, 0.0, 0.0)
    assert probe.about == "sst2 is put to no decoder: nothing is measured"
    assert evidence(General(()), General(()), ("mean",)) == {
        "mean": "the suite names no benchmark for a decoder"}


def test_a_number_is_the_limit_of_the_mean():
    assert Gate(forgetting_drop_at_most=0.08).forgetting_drop_at_most == {"mean": 0.08}
    both = {"mean": 0.08, "ifeval": 0.05}
    assert Gate(forgetting_drop_at_most=both).forgetting_drop_at_most == both
    for wrong in (8, {}, {"ifeval": 5}, {"ifeval": None}, "much", [0.1], float("nan")):
        with pytest.raises(ValueError, match="forgetting_drop_at_most"):
            Gate(forgetting_drop_at_most=wrong)
