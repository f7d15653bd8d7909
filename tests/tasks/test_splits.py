from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.tasks.examples import Example, Row, deduplicate, folded
from harness.tasks.splits import split, stratified_order


def make(label: int, group: str, number: int) -> Example:
    return Example(f"{number:04d}", f"text {number}", None, label, group, {})


DATA = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), min_size=60, max_size=200)


@settings(max_examples=60, deadline=None)
@given(DATA, st.integers(0, 5))
def test_parts_are_disjoint_in_groups_and_texts_and_lose_nothing(data, seed):
    examples = [make(label, f"g{group}", i) for i, (label, group) in enumerate(data)]
    try:
        splits = split(examples, 0.15, 0.25, seed)
    except ValueError:
        assert len({e.group for e in examples}) < 20
        return
    parts = [splits.train, splits.validation, splits.test]
    assert Counter(e.id for part in parts for e in part) == Counter(e.id for e in examples)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert not {e.group for e in parts[a]} & {e.group for e in parts[b]}
        assert not {folded(e.text) for e in parts[a]} & {folded(e.text) for e in parts[b]}
    assert split(list(reversed(examples)), 0.15, 0.25, seed).sha256 == splits.sha256


@given(st.lists(st.integers(0, 3), min_size=1, max_size=80), st.integers(0, 9))
def test_every_prefix_of_the_order_is_stratified(labels, seed):
    examples = [make(label, "g", i) for i, label in enumerate(labels)]
    order = stratified_order(examples, seed)
    totals = Counter(labels)
    for n in range(1, len(order) + 1):
        for label, count in Counter(e.label for e in order[:n]).items():
            # Each class is placed at even steps, so a prefix is off by less than one item a class.
            assert abs(count - n * totals[label] / len(labels)) <= len(totals)


def test_shares_are_met_when_groups_are_small():
    examples = [make(i % 2, f"g{i // 3}", i) for i in range(900)]
    splits = split(examples, 0.15, 0.25, 0)
    sizes = [len(splits.train), len(splits.validation), len(splits.test)]
    assert sizes == pytest.approx([540, 135, 225], abs=12)


def test_a_group_larger_than_a_small_part_trains():
    examples = [make(0, "huge", i) for i in range(50)]
    examples += [make(i % 2, f"g{i}", 100 + i) for i in range(60)]
    splits = split(examples, 0.15, 0.25, 0)
    assert "huge" in {e.group for e in splits.train}


def test_samples_are_nested():
    splits = split([make(i % 3, f"g{i}", i) for i in range(300)], 0.2, 0.2, 1)
    small, large = splits.sample(10, 5, 5), splits.sample(50, 20, 30)
    assert large.train[:10] == small.train
    assert large.test[:5] == small.test


TEXTS = st.sampled_from(["Apple pie", "apple  PIE", "pear", "PEAR ", "plum", " "])


@given(st.lists(st.tuples(TEXTS, st.sampled_from(["a", "b", "x"])), max_size=30))
def test_deduplication_accounts_for_every_row(rows):
    examples, facts = deduplicate([Row(t, label) for t, label in rows], {"a": 0, "b": 1})
    assert len({folded(e.text) for e in examples}) == len(examples) == facts.kept
    fates = facts.kept + facts.empty + facts.other_label + facts.duplicates + facts.conflicting
    assert fates == facts.rows == len(rows)


def test_a_text_under_two_classes_is_left_out():
    rows = [Row("Apple", "a"), Row("apple", "b"), Row("pear", "a"), Row("PEAR", "a")]
    examples, facts = deduplicate(rows, {"a": 0, "b": 1})
    assert [e.text for e in examples] == ["pear"]
    assert (facts.conflicting, facts.duplicates) == (2, 1)
