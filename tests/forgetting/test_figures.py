import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.common.errors import HarnessError
from harness.forgetting.figures import forgetting, item_table
from harness.forgetting.items import Answer, General, Passage, draw, read_general
from harness.measure.intervals import mean_of, paired_proportions


def general(scores, nats=(10.0, 30.0), features=None):
    answers = tuple(Answer(name, f"{name}:{i}", "acc", f"text {i}", "t", f"chosen {score}", score)
                    for name, row in scores.items() for i, score in enumerate(row))
    passages = tuple(Passage(f"p:{i}", 5 * (i + 1), n) for i, n in enumerate(nats))
    return General(answers, passages, features)


BEFORE = {"one": [1.0, 1.0, 0.0, 1.0, 0.0], "two": [1.0, 1.0, 1.0, 0.0]}
AFTER = {"one": [1.0, 0.0, 1.0, 0.0, 0.0], "two": [1.0, 1.0, 1.0, 0.0]}


def test_lost_gained_means_and_drift():
    x = np.random.default_rng(0).normal(size=(4, 3))
    found = forgetting("k", general(BEFORE, features=x), general(AFTER, (12.0, 33.0), x), 1.0)
    one, two = found.benchmarks
    assert (one.items, one.lost, one.gained) == (5, 2, 1)
    assert (one.before, one.after, one.difference) == pytest.approx((0.6, 0.4, -0.2))
    assert (one.low, one.high) == paired_proportions(1, 2, 5)
    assert (two.difference, two.lost, two.gained) == (0.0, 0, 0)
    assert found.mean.difference == pytest.approx(-0.1)
    assert (found.mean.low, found.mean.high) == mean_of(
        [-0.2, 0.0], [(one.low, one.high), (two.low, two.high)])
    assert found.drift.before == pytest.approx(40 / 15)
    assert found.drift.difference == pytest.approx(5 / 15)
    assert found.similarity == pytest.approx(1.0)
    assert [(i.benchmark, i.text, i.after) for i in found.lost] == [
        ("one", "text 1", "chosen 0.0"), ("one", "text 3", "chosen 0.0")]


def test_other_items_cannot_be_compared():
    with pytest.raises(HarnessError, match="did not answer the same items"):
        forgetting("k", general(BEFORE), general({"one": AFTER["one"]}), 0.0)
    with pytest.raises(HarnessError, match="did not read the same passages"):
        forgetting("k", general(BEFORE), general(AFTER, (1.0, 2.0, 3.0)), 0.0)


def test_every_item_is_kept_before_and_after():
    rows = item_table(general(BEFORE), general(AFTER)).to_pylist()
    assert len(rows) == 9 + 2
    assert sum(r["score_before"] > r["score_after"] for r in rows if r["benchmark"] == "one") == 2


def test_scores_are_kept_whole(tmp_path):
    x = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    written = general(BEFORE, features=x)
    written.write(tmp_path)
    back = read_general(tmp_path, 0)
    assert back == written
    assert np.array_equal(back.features, x)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 5))
def test_draws_are_distinct_sorted_and_named_by_seed(count, wanted, seed):
    drawn = draw(count, wanted, seed, "name")
    assert drawn == sorted(set(drawn)) == draw(count, wanted, seed, "name")
    assert len(drawn) == min(count, wanted)
    assert all(0 <= i < count for i in drawn)
