"""A rule of this house: nothing outside `targets/` and `backbones/` is compared with the name of a
kind of task or of backbone. What a kind is, its row says (`targets.kinds`), and what a backbone can
(`common.capabilities`): a new one needs no visit elsewhere. Nor is there a table by the names of
kinds of task: `targets.kinds.by_kind` makes one by what is answered.

`python .ci/kinds.py` prints every place that breaks it and fails where there is one.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from harness.common.kinds import BackboneKind, Kind

ROOT = Path(__file__).parents[1] / "harness"
FREE = ("targets", "backbones")
TASKS = frozenset(get_args(Kind))
NAMES = TASKS | frozenset(get_args(BackboneKind))


def compared(tree: ast.AST) -> Iterator[int]:
    """The lines on which something is compared with a kind's name, or looked for among some."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(isinstance(part, ast.Constant) and part.value in NAMES
                   for side in sides for part in ast.walk(side)):
                yield node.lineno
        elif (isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant)
              and node.value.value in NAMES):
            yield node.value.lineno


def tabled(tree: ast.AST) -> Iterator[int]:
    """The lines on which a table by kinds of task begins: two of them are keys of a dictionary."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            if len(TASKS.intersection(map(str, keys))) > 1:
                yield node.lineno


def broken(root: Path = ROOT) -> list[str]:
    """Every comparison that breaks the rule, as FILE:LINE."""
    return [f"{path.relative_to(root.parent)}:{line}" for path in sorted(root.rglob("*.py"))
            if path.relative_to(root).parts[0] not in FREE
            for tree in [ast.parse(path.read_text(encoding="utf-8"))]
            for line in sorted((*compared(tree), *tabled(tree)))]


if __name__ == "__main__":
    found = broken()
    for place in found:
        print(f"{place}: tells kinds apart by their names; ask its row in targets/kinds.py or "
              "common/capabilities.py")
    sys.exit(bool(found))
