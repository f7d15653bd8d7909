"""What a fitted method is beside what answers, as it says it itself."""

import ast
from pathlib import Path

import numpy as np
import pytest

from harness.gate.labels import Reordered
from harness.methods.fitted import NOTHING, Declared, declared
from harness.methods.link import CLASS_LINKS
from harness.methods.reading import Reading
from harness.methods.tempered import Tempered
from harness.suite import Words

ROOT = Path(__file__).parents[2] / "harness"


class Answers:
    """Says nothing of itself."""

    def predict(self, items, clock):
        return np.zeros((len(items), 2))


class Learned(Answers):
    """Has a model."""

    declares = Declared(model="weights")


def test_a_class_that_says_nothing_of_itself_answers_alone():
    assert declared(Answers()) is NOTHING


@pytest.mark.parametrize("around", [
    lambda model: Reordered(model, (1, 0)), lambda model: Reading(model, Words(9)),
    lambda model: Tempered(model, 2.0, CLASS_LINKS["classification"])])
def test_what_stands_around_a_model_is_what_the_model_is(around):
    assert declared(around(Learned())).model == "weights"
    assert declared(around(Answers())) is NOTHING


def peeked(tree):
    """Lines that look whether something is of a class of `harness.methods`."""
    classes = {name.asname or name.name for node in ast.walk(tree)
               if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                   "harness.methods") for name in node.names}
    return [node.lineno for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            and node.func.id == "isinstance"
            and classes & {part.id for part in ast.walk(node.args[1])
                           if isinstance(part, ast.Name)}]


def test_no_room_looks_at_the_class_of_what_a_method_fitted():
    code = "from harness.methods.fitted import Fit as F\nx = isinstance(y, int | F)\n"
    assert peeked(ast.parse(code)) == [2]
    found = {str(path.relative_to(ROOT)): lines for path in ROOT.rglob("*.py")
             if path.relative_to(ROOT).parts[0] != "methods"
             and (lines := peeked(ast.parse(path.read_text(encoding="utf-8"))))}
    assert found == {}
