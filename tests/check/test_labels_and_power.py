import dataclasses

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from harness.check.labels import check_labels, suspected
from harness.check.power import DISAGREE, check_power, detectable, least, needed
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
    assert "(200 groups, worth 200)" in finding.found
    assert f"{needed(0.02, 6):,} items" in finding.suggestion
    assert list(check_power(Splits((), (), items), 0.19, 2)) == []


@pytest.mark.parametrize("comparisons", [1, 3, 10, 91])
def test_below_the_least_groups_no_flips_of_signs_reach_the_level(comparisons):
    groups = least(comparisons)
    smallest = binomtest(groups, groups).pvalue  # all signs alike, two-sided
    assert smallest * comparisons <= 0.05
    assert binomtest(groups - 1, groups - 1).pvalue * comparisons > 0.05


def test_items_of_one_large_group_are_told_to_say_nothing():
    """300 items, 250 of them of one group."""
    items = tuple(Example(f"{i:016x}", f"t{i}", None, 0, f"g{max(0, i - 249)}", {})
                  for i in range(300))
    (finding,) = check_power(Splits((), (), items), 0.02, 4)
    assert "worth 1.4 groups" in finding.found
    assert "tell nothing apart at 5% in 6 comparisons" in finding.found
    assert f"At least {least(6)} groups" in finding.suggestion
    assert f"{needed(0.02, 6):,}" in finding.suggestion


def test_a_lumpy_sample_that_would_do_by_items_is_told_of():
    """Alone the items would show the difference, as groups they do not."""
    items = tuple(Example(f"{i:016x}", f"t{i}", None, 0, f"g{i // 50}", {}) for i in range(5000))
    (finding,) = check_power(Splits((), (), items), 0.05, 2)
    assert "(100 groups, worth 100)" in finding.found
    apart = tuple(dataclasses.replace(e, group=e.id) for e in items)
    assert list(check_power(Splits((), (), apart), 0.05, 2)) == []
