"""A mean over items alike and its price are said beside the figures."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from synthetic import LABELS, drawn_study, examples

from harness.report import ranking
from harness.report.published import publish
from harness.study.outcome import ONE
from harness.study.tables import class_table

WEIGHTS = np.r_[np.full(45, 0.4), np.full(15, 2.8)]


def test_the_price_of_weights_is_said_with_the_figures_they_are_of():
    study, tables = drawn_study({"full": 3.0}, seeds=1, items=60)
    plain = publish(study, tables.__getitem__, {})
    assert plain.summary.weighted is None
    assert "weights" not in ranking.standing(plain.summary)
    tables = {run: table.append_column("weight", pa.array(WEIGHTS))
              for run, table in tables.items()}
    found = publish(study, tables.__getitem__, {}).summary
    effect = 1 + (WEIGHTS.std() / WEIGHTS.mean()) ** 2
    assert found.weighted.design_effect == pytest.approx(effect)
    assert (f"weights of 0.4 to 2.8, which leaves them worth {60 / effect:.0f} items "
            f"(design effect {effect:.2f})") in ranking.standing(found)
    assert found.effective_groups < plain.summary.effective_groups
    for row in found.rows:
        table = tables[row.run_ids[0]]
        p = np.column_stack([table[f"p:{label}"] for label in LABELS])
        right = np.array(LABELS)[p.argmax(axis=1)] == np.array(table["target"])
        assert row.common["accuracy"].mean == pytest.approx(np.average(right, weights=WEIGHTS))


def test_a_record_has_the_figures_of_its_weighted_items():
    items = [replace(e, weight=w) for e, w in zip(examples(60), WEIGHTS, strict=True)]
    p = np.random.default_rng(0).dirichlet(np.ones(3), 60)
    right = p.argmax(axis=1) == [e.label for e in items]
    assert ONE.quality(p, items, LABELS).accuracy == pytest.approx(
        np.average(right, weights=WEIGHTS))
    assert class_table(items, p, LABELS)["weight"].to_pylist() == WEIGHTS.tolist()
    assert "weight" not in class_table(examples(60), p, LABELS).column_names
