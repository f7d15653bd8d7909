"""The rule that kinds of task and of backbone are not told apart by their names outside their
rooms."""

import ast
import importlib.util
from pathlib import Path

import pytest

RULE = Path(__file__).parents[1] / ".ci" / "kinds.py"
spec = importlib.util.spec_from_file_location("kinds_rule", RULE)
rule = importlib.util.module_from_spec(spec)
spec.loader.exec_module(rule)


@pytest.mark.parametrize(("code", "lines"), [
    ('if task.kind == "classification": pass', [1]),
    ('x = 1\nx = "generation" != kind', [2]),
    ('if kind in ("multilabel", "regression"): pass', [1]),
    ('match kind:\n    case "regression": pass', [2]),
    ('if handle.kind == "decoder": pass', [1]),
    ('KINDS[kind].several', []),
    ('x = {"classification": 1}', []),
    ('if name == "classifier": pass', [])])
def test_a_comparison_with_a_name_is_found(code, lines):
    assert list(rule.compared(ast.parse(code))) == lines


@pytest.mark.parametrize(("code", "lines"), [
    ('x = {"classification": 1,\n     "regression": 2}', [1]),
    ('y = 0\nx = {**z, "spans": 1, "generation": 2}', [2]),
    ('x = {"spans": span_quality(run)}', []), ('x = {"encoder": 1, "decoder": 2}', [])])
def test_a_table_by_kinds_of_task_is_found(code, lines):
    assert list(rule.tabled(ast.parse(code))) == lines


def test_the_house_keeps_it(tmp_path):
    assert rule.broken() == []
    (tmp_path / "harness" / "targets").mkdir(parents=True)
    for room in ("", "targets/"):
        (tmp_path / "harness" / f"{room}one.py").write_text(
            'x = {"spans": 1, "generation": 2}\nkind == "generation"\n')
    assert rule.broken(tmp_path / "harness") == ["harness/one.py:1", "harness/one.py:2"]
