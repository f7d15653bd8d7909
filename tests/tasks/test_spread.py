from collections import Counter, defaultdict

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tagged import tagged, tagged_dict
from test_splits import CLASSES, make, prepared

from harness.suite import load_suite
from harness.tasks.items import members, numbers
from harness.tasks.splits import Splits
from harness.tasks.spread import spread_of, spreads
from harness.tasks.task import load_task


@given(st.lists(st.integers(0, 12), min_size=1, max_size=80))
def test_groups_are_worth_what_kish_says(groups):
    sizes = Counter(groups).values()
    found = spread_of(np.array(groups))
    assert (found.items, found.groups, found.largest) == (len(groups), len(sizes), max(sizes))
    # The design effect of cluster sampling with full correlation: the mean size, by items.
    by_items = sum(size * size for size in sizes) / len(groups)
    assert found.effective == pytest.approx(len(groups) / by_items)
    assert 1 <= found.effective <= len(sizes) + 1e-9


def test_every_class_in_every_part_and_what_is_drawn_of_it():
    splits, _ = prepared([make(i % 2, f"g{i // 6}-{i % 2}", i) for i in range(600)], CLASSES)
    found = {(row.part, row.label): row
             for row in spreads(splits, splits.sample(20, 10, 12), ("a", "b"))}
    assert len(found) == 9
    for (part, label), row in found.items():
        there, drawn = getattr(splits, part), getattr(splits.sample(20, 10, 12), part)
        for own, spread in ((there, row.there), (drawn, row.drawn)):
            sizes = Counter(e.group for e in own if label in (None, "ab"[e.label]))
            assert (spread.items, spread.groups) == (sizes.total(), len(sizes))
    assert found["test", None].drawn.effective == 12


def test_items_of_several_classes_are_one_of_each(tmp_path, encoder_folder, decoder_folder):
    tagged().to_csv(tmp_path / "data.csv", index=False)
    path = tmp_path / "tags.yaml"
    path.write_text(yaml.safe_dump(tagged_dict(encoder_folder, decoder_folder) | {"name": "tags"}))
    task = load_task(load_suite(path))
    held = Splits(*(tuple(part) for part in (task.splits.train, task.splits.validation,
                                             task.splits.test)), over=task.splits.over)
    for part in ("train", "test"):
        lying, own = getattr(task.splits, part), getattr(held, part)
        for a, b in zip(members(lying), members(own), strict=True):
            assert a.tolist() == b.tolist()
        assert numbers(lying, "label").tolist() == [e.label for e in own]
        same = defaultdict(set)
        for number, other in zip(numbers(lying, "group").tolist(), numbers(own, "group").tolist(),
                                 strict=True):
            same[number].add(other)
        assert all(len(others) == 1 for others in same.values())
        assert len(same) == len({e.group for e in own})
    assert spreads(task.splits, held, task.labels) == spreads(held, held, task.labels)
