"""Drawn studies whose items have slices."""

import dataclasses

import numpy as np
from synthetic import answers, examples, record, study

from harness.compare.arms import arms_of, measure_arms
from harness.compare.fairness import fairness
from harness.study.tables import class_table

BINARY = ("no", "yes")


def sliced_study(methods, columns, *, items=400, labels=BINARY, seeds=1):
    """A study and the tables of its predictions.

    `methods` gives (method, backbone, skill of an item's slices) by label; `columns` the value of
    an item's number by column.
    """
    rng = np.random.default_rng(0)
    asked = tuple(dataclasses.replace(example, slices={name: value(i) for name, value
                                                       in columns.items() if value(i) is not None})
                  for i, example in enumerate(examples(items, labels)))
    records, tables = [], {}
    for label, (method, backbone, skill) in methods.items():
        for seed in range(seeds):
            strength = np.array([[skill(e.slices)] for e in asked])
            found = answers(rng, asked, strength[:, 0], len(labels))
            made = record(label, seed, asked, found, labels, backbone=backbone)
            identity = made.identity.model_copy(update={"method": method})
            records.append(made.model_copy(update={"identity": identity}))
            tables[made.identity.run_id] = class_table(asked, found, labels)
    return study(records, asked, labels), tables


def compared(made, tables):
    """The study's slices."""
    measured = measure_arms(made.records, made.kind, made.labels, tables.__getitem__)
    return fairness(arms_of(made.whole()), measured, made.labels, tables.__getitem__)
