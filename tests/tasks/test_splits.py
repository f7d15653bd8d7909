from collections import Counter
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import plainly
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.suite import Split
from harness.tasks.drawing import in_order
from harness.tasks.examples import PARTS, SPLITS, Example, Row, folded
from harness.tasks.items import Items, numbers
from harness.tasks.prepare import (
    Right,
    draw,
    open_rows,
    part_file,
    settle,
    write_parts,
    write_rows,
)
from harness.tasks.splits import Splits
from harness.tasks.weighting import weights


def prepared(rows, classes, split=None, leaks="error"):
    """Rows, each with the split that it is given for or None, as splits and facts."""
    split = split or Split()
    with TemporaryDirectory() as place:
        folder = Path(place)
        ledger = write_rows(folder / "rows.arrow", iter(rows))
        texts = open_rows(folder / "rows.arrow")
        kept, facts = settle(*ledger.kept(classes), ledger, texts, leaks)
        over = write_parts(folder, texts, kept, draw(kept, split), ledger, Right(), split)
        return Splits(*(tuple(Items(part_file(folder, name))) for name in PARTS), over=over), facts


def make(label, group, number, split=None):
    return Row(f"text {number}", str(label), group=group), split


def one(label, number):
    return Example(f"{number:04d}", f"text {number}", None, label, "g", {})


OF_OLD = {"by groups": "69abf94d638a52c05e6576715aa9d8522e1586b92e5b0c2630352d64cb6b50ef",
          "by items": "a12be3446ef89aca3d01fee74d4ca81715d175245485b925023a935da0096373",
          "over items": "efc388908c9ab686ee2e5233910c6b57154616d0a19d9a30eb527a418d3d9750"}
CLASSES = {"0": 0, "1": 1, "2": 2, "3": 3}
DATA = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), min_size=60, max_size=200)
TEXTS = st.sampled_from(["Apple pie", "apple  PIE", "pear", "PEAR ", "plum", " ", "", "fig"])
ROWS = st.lists(st.builds(
    Row, TEXTS, st.sampled_from("012x"), st.one_of(st.none(), TEXTS),
    st.one_of(st.none(), st.sampled_from("ghijkl")),
    st.dictionaries(st.sampled_from("ab"), TEXTS)), max_size=60)


@settings(max_examples=60, deadline=None)
@given(DATA, st.integers(0, 5), st.sampled_from(["groups", "items"]))
def test_parts_are_disjoint_in_groups_and_texts_and_lose_nothing(data, seed, by):
    rows = [make(label, f"g{group}", i) for i, (label, group) in enumerate(data)]
    try:
        splits, facts = prepared(rows, CLASSES, Split(seed=seed, by=by))
    except ValueError:
        assert len({group for _, group in data}) < 20
        return
    parts = [splits.train, splits.validation, splits.test]
    assert Counter(e.text for part in parts for e in part) == Counter(r.text for r, _ in rows)
    assert facts.kept == len(rows)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert not {e.group for e in parts[a]} & {e.group for e in parts[b]}
        assert not {folded(e.text) for e in parts[a]} & {folded(e.text) for e in parts[b]}
    again, _ = prepared(list(reversed(rows)), CLASSES, Split(seed=seed, by=by))
    assert again.sha256 == splits.sha256


@settings(max_examples=150, deadline=None)
@given(ROWS, st.sampled_from([(0.15, 0.25), (0.2, 0.2), (0.05, 0.8)]), st.integers(0, 3))
def test_items_ids_splits_and_hash_are_those_of_the_plain_way(rows, shares, seed):
    """Whatever is in the rows: the order in which they are read decides which of two stays."""
    examples, fates = plainly.deduplicate(rows, CLASSES)
    try:
        expected = plainly.split(examples, *shares, seed)
    except ValueError:
        expected = None
    validation, test = shares
    split = Split(validation=validation, test=test, seed=seed, by="items")
    try:
        found, facts = prepared([(row, None) for row in rows], CLASSES, split)
    except ValueError:
        assert expected is None
        return
    assert found == expected
    assert found.sha256 == plainly.sha256(expected)
    assert facts.kept == len(examples)
    assert facts.groups == len({e.group for e in examples})
    for fate in ("rows", "empty", "other_label", "duplicates", "conflicting"):
        assert getattr(facts, fate) == fates[fate], fate


@given(st.lists(st.integers(0, 3), max_size=80), st.integers(0, 9))
def test_every_prefix_of_the_order_is_stratified(labels, seed):
    examples = [one(label, i) for i, label in enumerate(labels)]
    order = in_order(examples, "items", seed)
    assert order == plainly.order(examples, seed)
    totals = Counter(labels)
    for n in range(1, len(order) + 1):
        for label, count in Counter(e.label for e in order[:n]).items():
            # Each class is placed at even steps, so a prefix is off by less than one item a class.
            assert abs(count - n * totals[label] / len(labels)) <= len(totals)


def test_shares_are_met_when_groups_are_small():
    splits, _ = prepared([make(i % 2, f"g{i // 3}", i) for i in range(900)], CLASSES)
    sizes = [len(splits.train), len(splits.validation), len(splits.test)]
    assert sizes == pytest.approx([540, 135, 225], abs=12)


def test_a_group_larger_than_a_small_part_trains():
    rows = [make(0, "huge", i) for i in range(50)]
    rows += [make(i % 2, f"g{i}", 100 + i) for i in range(60)]
    splits, _ = prepared(rows, CLASSES)
    assert "huge" in {e.group for e in splits.train}


def test_samples_are_nested():
    splits, _ = prepared([make(i % 3, f"g{i}", i) for i in range(300)], CLASSES,
                         Split(validation=0.2, test=0.2, seed=1))
    small, large = splits.sample(10, 5, 5), splits.sample(50, 20, 30)
    assert large.train[:10] == small.train
    assert large.test[:5] == small.test


def test_a_text_under_two_classes_is_left_out():
    rows = [Row("Apple", "0"), Row("apple", "1"), Row("pear", "0"), Row("PEAR", "0")]
    rows += [Row(f"text {i}", str(i % 2)) for i in range(20)]
    splits, facts = prepared([(row, None) for row in rows], CLASSES)
    texts = {e.text for part in (splits.train, splits.validation, splits.test) for e in part}
    assert texts == {"pear", *(f"text {i}" for i in range(20))}
    assert (facts.conflicting, facts.duplicates) == (2, 1)


def given_rows(*, validation=True):
    """Rows in three given splits, groups of two."""
    names = ["train", "train", "train", "validation" if validation else "train", "test"]
    return [make(i // 2 % 3, f"g{i // 2}", i, names[i // 2 % 5]) for i in range(300)]


def test_given_splits_are_kept_and_put_in_the_order_of_the_draw():
    rows = given_rows()
    splits, facts = prepared(rows, CLASSES)
    for name in SPLITS:
        part = getattr(splits, name)
        assert {e.text for e in part} == {row.text for row, split in rows if split == name}
        assert len({e.group for e in part[:20]}) == 20, "a budget draws over groups"
    assert facts.leaks == ()
    assert splits.sample(9, 6, 6).train == splits.sample(30, 6, 6).train[:9]
    by_items, _ = prepared(rows, CLASSES, Split(by="items", count="items"))
    assert list(by_items.test) == plainly.order(by_items.test, 0)


def lumpy_rows():
    """Rows in three given splits, 30 groups of 1 to 24 in each."""
    sizes = [1, 2, 1, 3, 1, 8, 1, 24, 2, 5] * 3
    return [make(i % 2, f"{name} {group}", f"{name} {i}", name) for name in SPLITS
            for i, group in enumerate(np.repeat(np.arange(30), sizes).tolist())]


def test_a_mean_over_items_alike_weights_what_is_chosen_and_decided_by_and_nothing_learned_from():
    splits, _ = prepared(lumpy_rows(), CLASSES, Split(count="items"))
    assert splits.over == "sizes"
    assert list(splits.train) == plainly.order(splits.train, 0)
    small, large = splits.sample(9, 20, 21), splits.sample(9, 40, 41)
    for name in ("validation", "test"):
        whole = getattr(splits, name)
        for part in (getattr(small, name), getattr(large, name)):
            assert [e.id for e in part] == [e.id for e in whole[:len(part)]]
            own = weights(numbers(whole, "label"), numbers(whole, "group"), len(part))
            assert [e.weight for e in part] == own.tolist()
            assert len(set(own)) > 1
    assert {e.weight for e in (*small.train, *large.train)} == {1.0}
    everything = splits.sample(9, 999, 999)
    assert {e.weight for e in (*everything.validation, *everything.test)} == {1.0}, "all there is"


@pytest.mark.parametrize(("split", "given_parts", "dealt"), [
    (Split(by="items"), "20a0de73ad740b37", "dcbb0489c88c445d"),
    (Split(by="items", count="items"), "20a0de73ad740b37", "dcbb0489c88c445d"),
    (Split(), "9d9532f20a2f5455", "0af80e58f3117156"),
    (Split(by="items", count="groups"), "9d9532f20a2f5455", "65b4acc14827cefa")])
def test_suites_that_do_not_ask_for_weights_have_the_samples_they_always_had(
        split, given_parts, dealt):
    rows = lumpy_rows()
    for some, before in ((rows, given_parts), ([(row, None) for row, _ in rows], dealt)):
        splits, _ = prepared(some, CLASSES, split)
        assert splits.sha256[:16] == before
        sample = splits.sample(9, 9, 9)
        assert {e.weight for name in SPLITS for e in getattr(sample, name)} == {1.0}


def test_hashes_tell_weighted_samples():
    alike, _ = prepared(given_rows(), CLASSES)
    assert replace(alike, over="sizes").sha256 != alike.sha256
    assert replace(alike, over="items").sha256 == alike.sha256


def test_splits_that_are_dealt_by_items_keep_their_draw():
    assert Split(by="items").over == Split(by="items", count="items").over == "items"
    assert (Split().over, Split(count="items").over) == ("groups", "sizes")
    assert Split(by="items", count="groups").over == "groups"


def test_validation_is_dealt_from_train_by_group_where_it_is_not_given():
    rows = given_rows(validation=False)
    splits, _ = prepared(rows, CLASSES, Split(validation=0.2))
    assert {e.text for e in splits.test} == {row.text for row, s in rows if s == "test"}
    assert len(splits.validation) == pytest.approx(0.2 * 240, abs=6)
    assert not {e.group for e in splits.train} & {e.group for e in splits.validation}
    assert len(splits.train) + len(splits.validation) == 240


@pytest.mark.parametrize(("rows", "split", "words"), [
    (given_rows()[:8], Split(), "no row for test"),
    (given_rows(), Split(test=0.3), "a share for test"),
    (given_rows(), Split(validation=0.1), "a share for validation")])
def test_parts_that_are_missing_and_shares_that_mean_nothing_are_refused(rows, split, words):
    with pytest.raises(ValueError, match=words):
        prepared(rows, CLASSES, split)


def leaky():
    """A text of train in test under another class, a group in validation and test, and a text
    twice in test."""
    rows = given_rows()
    rows += [(Row("TEXT  0", "2", group="other"), "test"), make(0, "g9", 500, "validation"),
             (Row("Text 8", "1", group="g4"), "test")]
    return rows


def test_leaks_between_given_splits_are_counted_and_nothing_is_left_out_for_them():
    splits, facts = prepared(leaky(), CLASSES)
    items, groups = facts.leaks
    assert (items.what, items.count, groups.what, groups.count) == ("items", 1, "groups", 1)
    assert items.examples[0].casefold() == "in train and test: text 0"
    assert groups.examples == ("in validation and test: g9",)
    assert facts.duplicates == 1, "inside a split"
    assert facts.conflicting == 0, "a text under two classes in two splits is a leak"
    assert sum(map(len, (splits.train, splits.validation, splits.test))) == facts.kept == 302


def test_leaks_are_taken_from_the_earlier_split_where_the_suite_says_so():
    before, _ = prepared(leaky(), CLASSES)
    splits, facts = prepared(leaky(), CLASSES, leaks="drop")
    assert splits.test == before.test
    assert {e.text for e in before.train} - {e.text for e in splits.train} == {"text 0"}
    assert {e.text for e in before.validation} - {e.text for e in splits.validation} == {"text 500"}
    assert facts.leaked == 2
    assert [leak.count for leak in facts.leaks] == [1, 1], "what was found is told all the same"
    assert facts.rows == facts.kept + facts.duplicates + facts.leaked


@pytest.mark.parametrize("over", ["groups", "items"])
def test_later_draws_take_other_training_items_alike(over, tmp_path):
    splits, _ = prepared([make(i % 3, f"g{i // 2}", i) for i in range(600)], CLASSES,
                         Split(count=over))
    first, small, large = (splits.sample(n, 9, 9, draw) for n, draw in
                           ((60, 0), (20, 1), (60, 1)))
    assert large.train[:20] == small.train
    assert splits.sample(60, 9, 9, 1) == large
    assert (large.validation, large.test) == (first.validation, first.test)
    assert len({e.id for e in large.train} & {e.id for e in first.train}) < 40
    assert Counter(e.label for e in large.train) == Counter(e.label for e in first.train)
    assert (len({e.group for e in large.train}) == 60) == (over == "groups")
    whole = splits.sample(9999, 9, 9, 2)
    assert Counter(e.id for e in whole.train) == Counter(e.id for e in splits.train)


def test_items_of_a_file_are_drawn_as_those_in_memory(tmp_path):
    """More than are read at once."""
    rows = [make(i % 3, f"g{i // 4}", i) for i in range(12_000)]
    ledger = write_rows(tmp_path / "rows.arrow", iter(rows))
    kept, _ = ledger.kept(CLASSES)
    over = write_parts(tmp_path, open_rows(tmp_path / "rows.arrow"), kept, draw(kept, Split()),
                       ledger, Right(), Split())
    lying = Splits(*(Items(part_file(tmp_path, name)) for name in SPLITS), over=over)
    held = Splits(*(tuple(getattr(lying, name)) for name in SPLITS), over=over)
    assert len(lying.train) > 4096
    assert lying.sample(500, 20, 20, 3) == held.sample(500, 20, 20, 3)
    assert len({e.group for e in lying.sample(500, 20, 20, 3).train}) == 500


@settings(max_examples=60, deadline=None)
@given(DATA, st.integers(0, 5), st.sampled_from(["groups", "items"]))
def test_the_gate_s_part_shares_no_group_and_no_text_and_no_sample_has_it(data, seed, by):
    rows = [make(label, f"g{group}", i) for i, (label, group) in enumerate(data)]
    try:
        splits, facts = prepared(rows, CLASSES, Split(seed=seed, by=by, gate=0.2))
    except ValueError:
        assert len({group for _, group in data}) < 25
        return
    parts = [splits.train, splits.validation, splits.test, splits.gate]
    assert Counter(e.text for part in parts for e in part) == Counter(r.text for r, _ in rows)
    assert facts.kept == len(rows)
    for a, b in combinations(parts, 2):
        assert not {e.group for e in a} & {e.group for e in b}
        assert not {folded(e.text) for e in a} & {folded(e.text) for e in b}
    asked = splits.sample(len(rows), len(rows), len(rows))
    assert not asked.gate
    assert not {e.id for e in splits.gate} & {
        e.id for part in (asked.train, asked.validation, asked.test) for e in part}
    alone = replace(splits, gate=())
    assert alone.sha256 != splits.sha256
    assert alone.content_sha256 == splits.content_sha256


@settings(max_examples=40, deadline=None)
@given(DATA, st.integers(0, 5), st.sampled_from(["groups", "items"]))
def test_a_part_as_the_gate_s_is_dealt_as_test_is(data, seed, by):
    """Of equal shares: classes' groups, or their items, are as many in both but for one."""
    rows = [make(label, f"{label}g{group}", i) for i, (label, group) in enumerate(data)]
    try:
        splits, _ = prepared(rows, CLASSES, Split(seed=seed, by=by, validation=0.2, test=0.2,
                                                  gate=0.2))
    except ValueError:
        return
    if by == "groups":
        test, gate = (Counter(label for label, _ in {(e.label, e.group) for e in part})
                      for part in (splits.test, splits.gate))
        assert all(abs(test[label] - gate[label]) <= 1 for label in test | gate)


@pytest.mark.parametrize(("split", "sha256"), [
    ({}, "by groups"), ({"by": "items"}, "by items"), ({"count": "items"}, "over items")])
def test_splits_without_a_gate_s_part_are_those_that_were_before_there_was_one(split, sha256):
    rows = [make(i % 3, f"g{i % 41}", i) for i in range(400)]
    splits, _ = prepared(rows, CLASSES, Split(**split))
    assert splits.gate == ()
    assert splits.sha256 == OF_OLD[sha256]
    assert splits == prepared(rows, CLASSES, Split(gate=None, **split))[0]


def test_given_splits_leave_the_gate_s_part_to_training():
    rows = [make(i % 2, f"{part}{i // 2}", f"{part}{i}", part)
            for part in ("train", "test") for i in range(100)]
    splits, _ = prepared(rows, CLASSES, Split(gate=0.2))
    assert {e.group[:4] for e in splits.test} == {"test"}
    assert {e.group[:5] for e in (*splits.gate, *splits.validation)} == {"train"}
    assert [len(p) for p in (splits.train, splits.validation, splits.test, splits.gate)] == [
        pytest.approx(65, abs=4), pytest.approx(15, abs=3), 100, pytest.approx(20, abs=3)]
    given, _ = prepared([*rows, *(make(i % 2, f"v{i}", f"v{i}", "validation") for i in range(9))],
                        CLASSES, Split(gate=0.2))
    assert len(given.validation) == 9
    assert len(given.gate) == pytest.approx(20, abs=3)


def test_parts_that_leave_too_little_to_learn_from_are_refused():
    assert Split(validation=0.2, test=0.3, gate=0.3).shares == pytest.approx((0.2, 0.2, 0.3, 0.3))
    with pytest.raises(ValueError, match="validation, test and gate leave less than a tenth"):
        Split(gate=0.6)
