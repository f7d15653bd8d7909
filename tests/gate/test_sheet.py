"""What an approved model answered: kept answers that do not fit together are refused."""

import numpy as np
import pyarrow as pa
import pytest

from harness.gate.sheet import Sheet, check_sheet, said_in, sheet_of
from harness.targets.kinds import KINDS

LABELS = ("a", "b")
SOUND = {
    "classification": ((0.25, 0.75), (1.0, 0.0)),
    "multilabel": ('["a", "b"]', "[]"),
    "regression": (1.5, -2.0),
    "generation": ("some words", "")}


def sheet(answers, **changes):
    whole = {"items": ("1", "2"), "targets": ("a", "b"), "answers": answers}
    return Sheet(**(whole | changes))


@pytest.mark.parametrize("kind", SOUND)
def test_what_runs_answer_fits(kind):
    for weights in ((), (0.5, 2.0)):
        check_sheet(sheet(SOUND[kind], weights=weights), KINDS[kind], LABELS)


@pytest.mark.parametrize("kind", SOUND)
def test_a_single_item_is_enough(kind):
    check_sheet(Sheet(items=("1",), targets=("a",), answers=SOUND[kind][:1]), KINDS[kind], LABELS)


@pytest.mark.parametrize(("changes", "said"), [
    ({"items": ("1",)}, "not as many"), ({"targets": ("a",)}, "not as many"),
    ({"answers": (1.0,)}, "not as many"),
    ({"items": (), "targets": (), "answers": ()}, "not as many"),
    ({"weights": (1.0,)}, "not one weight above 0"),
    ({"weights": (1.0, 0.0)}, "not one weight above 0"),
    ({"weights": (1.0, float("inf"))}, "not one weight above 0"),
    ({"weights": (1.0, float("nan"))}, "not one weight above 0"),
    ({"items": ("1", "1")}, "answered twice")])
def test_what_does_not_fit_together_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        check_sheet(sheet(**({"answers": SOUND["regression"]} | changes)), KINDS["regression"],
                    LABELS)


@pytest.mark.parametrize(("kind", "answers"), [
    ("classification", ((0.5, 0.5), (1.0,))), ("classification", ((0.5, 0.5), (0.5, float("nan")))),
    ("classification", ((0.5, 0.5), '["a"]')), ("classification", ('["a"]', (0.5, 0.5))),
    ("classification", ('["a"]', '["c"]')), ("multilabel", ('["a"]', '["b", "c"]')),
    ("multilabel", ("null", '"a"')), ("multilabel", ("null", "[")),
    ("regression", (1.0, "2")), ("regression", (1.0, float("nan"))), ("generation", ("a", 1.0)),
    ("spans", ("[]", 1.0))])
def test_answers_of_another_kind_of_task_are_refused(kind, answers):
    with pytest.raises(ValueError, match=f"no answer of a task of kind {kind}"):
        check_sheet(sheet(answers), KINDS[kind], LABELS)


def test_a_table_s_answers_come_back_as_they_were():
    odds = np.array([[1 / 3, 2 / 3], [0.1, 0.9]], dtype=np.float32)
    table = pa.table({"item": ["1", "2"], "target": ["a", "b"], "weight": [0.5, 1.5],
                      "p:b": odds[:, 1], "p:a": odds[:, 0]})
    found = sheet_of(table, KINDS["classification"], LABELS)
    assert (found.items, found.targets, found.weights) == (("1", "2"), ("a", "b"), (0.5, 1.5))
    said = said_in(found, KINDS["classification"], LABELS)
    assert (said.astype(np.float32) == odds).all(), "nine digits hold all that fp32 does"
    assert sheet_of(table.drop_columns(["weight"]), KINDS["classification"], LABELS).weights == ()
