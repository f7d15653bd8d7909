"""De-duplication and splits over lists of examples: what the quick way must agree with."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from fractions import Fraction

import numpy as np

from harness.common.files import sha256_json
from harness.tasks.examples import Example, item_id
from harness.tasks.splits import Splits


def deduplicate(rows, labels):
    """The examples in the order of their ids, and the rows by fate."""
    fates, by_id = Counter(), defaultdict(list)
    for row in rows:
        fates["rows"] += 1
        if not row.text.strip():
            fates["empty"] += 1
        elif row.label not in labels:
            fates["other_label"] += 1
        else:
            name = item_id(row.text, row.pair)
            group = name if row.group is None else row.group
            by_id[name].append(Example(name, row.text, row.pair, labels[row.label], group,
                                       dict(row.slices)))
    examples = []
    for _, same in sorted(by_id.items()):
        if len({example.label for example in same}) > 1:
            fates["conflicting"] += len(same)
        else:
            fates["duplicates"] += len(same) - 1
            examples.append(same[0])
    return examples, fates


def split(examples, validation, test, seed):
    """Groups dealt one by one, unevenness by numpy's own standard deviation."""
    shares = np.array([1 - validation - test, validation, test])
    groups = defaultdict(list)
    for example in examples:
        groups[example.group].append(example)
    names = sorted(groups)
    random.Random(seed).shuffle(names)
    names.sort(key=lambda name: -len(groups[name]))
    counts = np.zeros((len(names), 1 + max((e.label for e in examples), default=0)))
    for row, name in enumerate(names):
        for example in groups[name]:
            counts[row, example.label] += 1
    parts = ([], [], [])
    for name, part in zip(names, _deal(counts, shares), strict=True):
        parts[part].extend(groups[name])
    if not all(parts):
        raise ValueError
    return Splits(*(tuple(order(part, seed)) for part in parts))


def _deal(counts, shares):
    wanted = shares[:, None] * np.maximum(counts.sum(axis=0), 1)
    filled = np.zeros_like(wanted)
    for group in counts:
        after = filled[None] + np.eye(len(shares))[:, :, None] * group
        unevenness = (after / wanted).std(axis=1).mean(axis=1)
        fullness = filled.sum(axis=1) / wanted.sum(axis=1)
        part = min(range(len(shares)), key=lambda p: (round(unevenness[p], 12), fullness[p]))
        filled[part] += group
        yield part


def order(examples, seed):
    """The r-th of a class's n items at (r + 1/2) / n, in exact fractions."""
    by_class = defaultdict(list)
    for example in sorted(examples, key=lambda e: e.id):
        by_class[example.label].append(example)
    placed = []
    for label, members in sorted(by_class.items()):
        random.Random(f"{seed}:{label}").shuffle(members)
        placed += [(Fraction(2 * rank + 1, 2 * len(members)), e.id, e)
                   for rank, e in enumerate(members)]
    return [example for _, _, example in sorted(placed, key=lambda p: p[:2])]


def sha256(splits):
    """The hash of the splits as one JSON text."""
    return sha256_json({name: [(e.id, e.label, e.group) for e in getattr(splits, name)]
                        for name in ("train", "validation", "test")})
