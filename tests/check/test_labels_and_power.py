import dataclasses

import numpy as np
import pytest
from scipy.stats import binom

from harness.check.labels import check_labels, suspected
from harness.check.power import DISAGREE, check_power, detectable, needed
from harness.tasks.examples import Example
from harness.tasks.splits import Splits


def blobs(items=200, wrong=(3, 77, 150)):
    """Two clouds of points, some labels swapped; each item a group."""
    rng = np.random.default_rng(0)
    labels = np.arange(items) % 2
    vectors = rng.normal(size=(items, 4)) + 8 * labels[:, None]
    said = labels.copy()
    said[list(wrong)] ^= 1
    examples = [Example(f"{i:016x}", f"text {i}", None, int(label), f"g{i}", {})
                for i, label in enumerate(said)]
    return examples, vectors


def test_swapped_labels_are_suspected_and_few_others():
    wrong = set(range(0, 600, 17))
    examples, vectors = blobs(600, wrong)
    found, predicted = suspected(examples, vectors, 2)
    right = wrong & set(found.tolist())
    assert len(right) > 0.6 * len(wrong)
    assert len(right) > 0.9 * len(found)
    assert not any(predicted[i, examples[i].label] for i in right)
    assert suspected(examples, vectors, 2)[0].tolist() == found.tolist()
    (finding,) = check_labels(examples, vectors, ("no", "yes"))
    assert finding.check == "labels"
    assert finding.count == len(found)
    assert "no, or yes?" in "".join(finding.examples) or "yes, or no?" in "".join(finding.examples)


def test_swapped_sets_of_classes_are_suspected_too():
    wrong = set(range(0, 600, 17))
    examples, vectors = blobs(600, wrong)
    several = [dataclasses.replace(e, classes=((0,), (1, 2))[e.label]) for e in examples]
    found, predicted = suspected(several, vectors, 3)
    right = wrong & set(found.tolist())
    assert len(right) > 0.6 * len(wrong)
    assert len(right) > 0.9 * len(found)
    assert predicted.shape == (600, 3)
    (finding,) = check_labels(several, vectors, ("a", "b", "c"))
    assert "a, or b + c?" in "".join(finding.examples) or "b + c, or a?" in "".join(
        finding.examples)


def test_clean_labels_are_not_suspected():
    examples, vectors = blobs(wrong=())
    assert list(check_labels(examples, vectors, ("no", "yes"))) == []


def test_too_few_groups_or_an_absent_class_is_no_suspicion():
    examples, vectors = blobs(8, wrong=())
    assert len(suspected(examples, vectors, 2)[0]) == 0
    examples, vectors = blobs()
    assert len(suspected(examples, vectors, 3)[0]) == 0


@pytest.mark.parametrize("difference", [0.02, 0.05, 0.1])
def test_the_items_needed_find_the_difference_four_times_in_five(difference):
    items = needed(difference, 1)
    rng = np.random.default_rng(0)
    won = rng.multinomial(items, [(DISAGREE + difference) / 2, (DISAGREE - difference) / 2,
                                  1 - DISAGREE], size=4000)
    apart = won[:, 0] + won[:, 1]
    p = np.minimum(1, 2 * binom.cdf(np.minimum(won[:, 0], won[:, 1]), apart, 0.5))
    mid = p - binom.pmf(np.minimum(won[:, 0], won[:, 1]), apart, 0.5)  # McNemar's mid-p
    assert 0.76 < (mid < 0.05).mean() < 0.84


@pytest.mark.parametrize("comparisons", [1, 10, 66])
def test_detectable_and_needed_are_each_other_s_inverse(comparisons):
    for items in (300, 1000, 20_000):
        finds = detectable(items, comparisons)
        assert items - 1 <= needed(finds, comparisons) <= items + 1
    assert detectable(5, comparisons) == DISAGREE
    assert needed(0.02, comparisons) > needed(0.05, comparisons)


def test_too_few_test_items_for_what_matters_are_told():
    items = tuple(Example(f"{i:016x}", f"t{i}", None, 0, f"g{i // 2}", {}) for i in range(400))
    (finding,) = check_power(Splits((), (), items), 0.02, 4)
    assert "400 test items" in finding.found
    assert "(200 groups)" in finding.found
    assert f"{needed(0.02, 6):,} items" in finding.suggestion
    assert list(check_power(Splits((), (), items), 0.19, 2)) == []
