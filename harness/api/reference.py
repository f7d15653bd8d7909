"""The reference page of the Python API, made from signatures and docstrings.

`python -m harness.api.reference > docs/reference.md`
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import harness
from harness.api import NAMES
from harness.commands.model import Model
from harness.report.checked import Checked
from harness.report.described import Begun
from harness.report.exported import Exported
from harness.report.exports_beside import ExportsBeside
from harness.report.forgotten import Forgotten
from harness.report.gate.attempts import Tried
from harness.report.gate.baselines import Approved
from harness.report.gate.gated import Gated
from harness.report.history.history import History
from harness.report.listed import Listed
from harness.report.planned import Planned
from harness.report.predicted import Predicted
from harness.report.ranks import Ranking
from harness.report.reproduced import Reproduction
from harness.report.shown import Shown
from harness.report.side_by_side import RunsBeside, StudiesBeside
from harness.report.studied import Studied
from harness.report.watch.watched import WatchFound

RESULTS: tuple[type, ...] = (
    Begun, Checked, Planned, Studied, Ranking, StudiesBeside, RunsBeside, ExportsBeside, History,
    Gated, WatchFound, Predicted, Model, Forgotten, Approved, Tried, Exported, Reproduction, Listed)
WIDTH = 80
"""Characters of a signature in one line."""
INTRODUCTION = """# Reference: the Python API

Made from the docstrings by `python -m harness.api.reference`; [python.md](python.md) shows how to
begin. Whatever is wrong with what was asked or with its data is raised as `HarnessError`
(`harness.common.errors`): what was found and where (`found`), and what to do (`fix`).
"""


def reference() -> str:
    """The page as Markdown."""
    parts = [INTRODUCTION, "## Functions", *(_function(getattr(harness, name)) for name in NAMES),
             "## What they return", _class(Shown), *map(_class, RESULTS)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _function(made: Callable[..., Any]) -> str:
    return (f"### harness.{made.__name__}\n\n```python\n{_signature(made, made.__name__)}\n```\n\n"
            f"{inspect.getdoc(made)}")


def _signature(made: Callable[..., Any], name: str) -> str:
    found, keywords = inspect.signature(made), False
    shown: list[str] = []
    for parameter in found.parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not keywords:
            shown, keywords = [*shown, "*"], True
        shown.append(_parameter(parameter))
    line = f"{name}({', '.join(shown)})"
    if len(line) > WIDTH:
        line = "\n".join([f"{name}(", *(f"    {one}," for one in shown), ")"])
    return f"{line} -> {found.return_annotation}"


def _parameter(parameter: inspect.Parameter) -> str:
    said = f"{parameter.name}: {parameter.annotation}"
    if parameter.default is parameter.empty:
        return said
    default = parameter.default
    return f"{said} = {str(default) if isinstance(default, Path) else default!r}"


def _class(made: type) -> str:
    lines = [f"### {made.__name__}", "", inspect.getdoc(made) or "", ""]
    lines += [f"- `{name}`: {text}" for name, text in (*_fields(made), *_members(made))]
    return "\n".join(lines)


def _fields(made: type) -> Iterator[tuple[str, str]]:
    """Attributes with the text below them, or else their type."""
    body = ast.parse(textwrap.dedent(inspect.getsource(made))).body[0]
    statements = body.body if isinstance(body, ast.ClassDef) else []
    for field, after in zip(statements, [*statements[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            told = (after.value.value if isinstance(after, ast.Expr)
                    and isinstance(after.value, ast.Constant) else None)
            yield (field.target.id, " ".join(str(told).split()) if told
                   else f"{ast.unparse(field.annotation)}")


def _members(made: type) -> Iterator[tuple[str, str]]:
    """Properties and methods of its own, with the first paragraph of what is said of them."""
    for name, member in vars(made).items():
        told = re.split(r"\n\s*\n", inspect.getdoc(member) or "")[0]
        if name.startswith("_") or name == "print_on" or not told:
            continue
        if isinstance(member, property):
            yield name, " ".join(told.split())
        elif inspect.isfunction(member):
            arguments = [parameter for parameter in inspect.signature(member).parameters.values()
                         if parameter.name != "self"]
            yield f"{name}({', '.join(map(_parameter, arguments))})", " ".join(told.split())


if __name__ == "__main__":
    sys.stdout.write(reference())
