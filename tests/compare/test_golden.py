"""Figures of studies of every kind of task, held against those that were found before.

What moves a figure on purpose is measured first; then `PYTHONPATH=.:tests python -m
tests.compare.test_golden` from the project's folder keeps the new ones.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from synthetic import record, study

from harness.measure.generation import Generation
from harness.measure.multilabel import set_quality
from harness.report.published import publish
from harness.suite import Decide
from harness.tasks.examples import Example

KEPT = Path(__file__).with_name("golden.json")
PARTS = ("summary", "calibration", "carried", "freshness", "fairness")
SKILLS = {"good": 1.5, "poor": 0.2}
ITEMS, SEEDS = 120, 2


def shared(weighted):
    """Columns that tables of every kind have."""
    columns = {"item": [f"i{i:05d}" for i in range(ITEMS)],
               "group": [f"g{i // 3:05d}" for i in range(ITEMS)],
               "slice:side": ["left" if i // 6 % 2 else "right" for i in range(ITEMS)]}
    if weighted:
        columns["weight"] = np.random.default_rng(5).uniform(0.5, 3.0, ITEMS)
    return columns


def asked(labels):
    return tuple(Example(f"i{i:05d}", "t", None, i // 3 % len(labels), f"g{i // 3:05d}", {})
                 for i in range(ITEMS))


def of_classes(rng, skill, labels, weighted):
    """A table of one class an item."""
    right = [e.label for e in asked(labels)]
    scores = rng.normal(size=(ITEMS, len(labels)))
    scores[np.arange(ITEMS), right] += skill
    odds = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return odds, pa.table(shared(weighted) | {"target": [labels[i] for i in right]} | {
        f"p:{label}": odds[:, i] for i, label in enumerate(labels)})


def of_sets(rng, skill, labels, weighted):
    """A table of any number of classes an item."""
    has = np.random.default_rng(3).random((ITEMS, len(labels))) < 0.4
    chance = 1 / (1 + np.exp(-(rng.normal(size=has.shape) + skill * (2 * has - 1))))
    own = [[labels[i] for i in np.flatnonzero(row)] for row in has]
    return chance, pa.table(shared(weighted) | {
        "target": [json.dumps(names) for names in own],
        "stratum": [int(row.argmax()) if row.any() else len(labels) for row in has]} | {
        f"p:{label}": chance[:, i] for i, label in enumerate(labels)})


def in_words(rng, skill, labels, weighted):
    """A table of answers in words, a third of them on documents that are new."""
    exact = (rng.random(ITEMS) < 0.3 + skill / 4).astype(float)
    columns = {f"m:{name}": np.maximum(exact, rng.random(ITEMS) * part)
               for name, part in (("token_f1", 0.8), ("rouge_l", 0.7), ("answer_recall", 0.9))}
    return None, pa.table(shared(weighted) | {
        "target": ["right"] * ITEMS, "stratum": [int(i // 3 % 3 == 0) for i in range(ITEMS)],
        "answer": np.where(exact == 1, "right", "wrong").tolist(),
        "m:exact_match": exact} | columns)


KINDS = {
    "classification": (of_classes, ("a", "b", "c"), "macro_f1", False),
    "two-classes-weighted": (of_classes, ("no", "yes"), "accuracy", True),
    "multilabel": (of_sets, ("a", "b", "c"), "macro_f1", False),
    "multilabel-weighted": (of_sets, ("a", "b"), "micro_f1", True),
    "generation": (in_words, (), "token_f1", False),
}


def published(name):
    """A study of a kind of task."""
    made, labels, metric, weighted = KINDS[name]
    rng, records, tables = np.random.default_rng(0), [], {}
    items = asked(labels if made is of_classes else "xy")
    for label, skill in SKILLS.items():
        for seed in range(SEEDS):
            chance, table = made(rng, skill, labels, weighted)
            own = (record(label, seed, items, chance, labels) if made is of_classes
                   else record(label, seed, items, np.full((ITEMS, 2), 0.5), "xy"))
            if made is of_sets:
                own = own.model_copy(update={"quality": None, "multilabel": set_quality(
                    chance, np.array([[c in t for c in labels] for t in map(
                        json.loads, table["target"].to_pylist())]), labels)})
            elif made is in_words:
                own = own.model_copy(update={"quality": None, "generation": Generation(
                    items=ITEMS, words=1.0, **{m[2:]: float(np.mean(table[m].to_numpy()))
                                               for m in table.column_names if m[:2] == "m:"})})
            records.append(own)
            tables[own.identity.run_id] = table
    kind = {"of_classes": "classification", "of_sets": "multilabel"}.get(made.__name__,
                                                                         "generation")
    return publish(study(records, items, labels, Decide(metric=metric), kind=kind),
                   tables.__getitem__, {})


def numbers(found, path=""):
    """Every number of a tree, by its path."""
    if isinstance(found, Mapping):
        for key, value in found.items():
            yield from numbers(value, f"{path}/{key}")
    elif isinstance(found, Sequence) and not isinstance(found, str):
        for place, value in enumerate(found):
            yield from numbers(value, f"{path}/{place}")
    elif isinstance(found, float | int):
        yield path, found


def found_of(name) -> Iterator[tuple[str, float]]:
    fields = published(name).model_dump()
    yield from numbers({part: fields[part] for part in PARTS})


@pytest.mark.parametrize("name", KINDS)
def test_figures_are_those_that_were_found_before(name):
    kept, found = json.loads(KEPT.read_text())[name], dict(found_of(name))
    assert found.keys() == kept.keys()
    for path, value in found.items():
        assert value == pytest.approx(float(kept[path]), rel=1e-8, abs=1e-12), path


if __name__ == "__main__":
    KEPT.write_text(json.dumps({name: {path: repr(float(f"{value:.10g}")) if isinstance(
        value, float) else value for path, value in found_of(name)} for name in KINDS}, indent=0))
