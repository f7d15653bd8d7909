"""A rule of this house: nothing outside `targets/` and `backbones/` is compared with the name of a
kind of task or of backbone. What a kind is, its row says (`targets.kinds`), and what a backbone can
(`common.capabilities`): a new one needs no visit elsewhere.

`python .ci/kinds.py` prints every comparison that breaks it and fails where there is one.
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
NAMES = frozenset((*get_args(Kind), *get_args(BackboneKind)))


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


def broken(root: Path = ROOT) -> list[str]:
    """Every comparison that breaks the rule, as FILE:LINE."""
    return [f"{path.relative_to(root.parent)}:{line}" for path in sorted(root.rglob("*.py"))
            if path.relative_to(root).parts[0] not in FREE
            for line in compared(ast.parse(path.read_text(encoding="utf-8")))]


if __name__ == "__main__":
    found = broken()
    for place in found:
        print(f"{place}: compares with the name of a kind; ask its row in targets/kinds.py or "
              "common/capabilities.py")
    sys.exit(bool(found))
