"""YAML read with the line of every field, so that an error can name file, line and field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from yaml.constructor import SafeConstructor

from harness.common.errors import HarnessError
from harness.common.names import did_you_mean

Location = tuple[str | int, ...]
MAX_BYTES = 1_000_000
DEEPEST = 50
"""Levels of nesting; each costs the scanner time on every character below it."""
MOST_TOKENS = 20_000
"""Words and signs; the suites that ship have some 2,000, and reading takes time for each."""
NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
LONGEST_NUMBER = 100
"""Characters. A longer one may take YAML minutes to build, and Python refuses to print it."""
HALF = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair, which no file can hold."""
FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, where PyYAML was built with it: its own would take most of a listing's time."""
ODD = re.compile("[\t\ufeff]|[|>][-+0-9]*#")
"""What libyaml reads otherwise than PyYAML, or reads where PyYAML finds a fault."""
OPENING = (yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken,
           yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)
CLOSING = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)


def field_name(location: Sequence[str | int]) -> str:
    """`("methods", 0, "lora")` as `methods[0].lora`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


@dataclass(frozen=True)
class Located:
    """A value and the file and lines it came from."""

    value: Any
    path: Path
    lines: dict[Location, int] = field(default_factory=dict)

    def line(self, location: Location) -> int:
        """Line of the field, or of its nearest enclosing field."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)

    def error(self, location: Location, found: str, fix: str = "") -> HarnessError:
        """An error that names file, line and field."""
        where = f"{self.path}:{self.line(location)}"
        name = field_name(location)
        return HarnessError(f"{where}: {name + ': ' if name else ''}{found}", fix)


def read_yaml(path: Path) -> Located:
    """Read a YAML file of plain values.

    Raises HarnessError for a missing file, bad YAML, a repeated key, an alias, a tag, a field
    named by a list or mapping, half a character, a number of more than 100 characters, nesting
    deeper than 50 levels, and more than 20,000 words and signs.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise HarnessError(f"{path}: larger than {MAX_BYTES:,} bytes", "Is this a suite file?")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise HarnessError(f"{path}: {reason}", "Name a readable YAML file.") from None
    if not ODD.search(text):
        # A fault is looked at again: libyaml has other words for it.
        with suppress(HarnessError):
            return _located(text, path, FAST)
    return _located(text, path, yaml.SafeLoader)


def _located(text: str, path: Path, loader: Any) -> Located:
    lines: dict[Location, int] = {}
    try:
        _scan(text, path, loader)
        node = yaml.compose(text, Loader=loader)
        value = _plain(node, (), lines, path) if node else {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise HarnessError(f"{path}:{line}: {problem}", "Mend the YAML.") from None
    except ValueError as error:
        raise HarnessError(f"{path}: not valid YAML ({error})", "Mend the YAML.") from None
    return Located(value, path, lines)


def _scan(text: str, path: Path, loader: Any) -> None:
    """Raises HarnessError for what a suite may not hold, before anything is built of it."""
    depth = 0
    for number, token in enumerate(yaml.scan(text, Loader=loader)):
        where = f"{path}:{token.start_mark.line + 1}"
        if number == MOST_TOKENS:
            raise HarnessError(f"{where}: more than {MOST_TOKENS:,} words and signs",
                               "Is this a suite file?")
        if isinstance(token, yaml.AliasToken | yaml.TagToken):
            raise HarnessError(f"{where}: YAML aliases and tags are not allowed",
                               "Write the value out.")
        if isinstance(token, yaml.ScalarToken) and HALF.search(token.value):
            raise HarnessError(f"{where}: holds half a character, between \\ud800 and \\udfff",
                               "Write the character itself, or \\U and its eight digits.")
        depth += isinstance(token, OPENING) - isinstance(token, CLOSING)
        if depth > DEEPEST:
            raise HarnessError(f"{where}: nested deeper than {DEEPEST} levels", "Mend the YAML.")


def _plain(node: yaml.Node, location: Location, lines: dict[Location, int], path: Path) -> Any:
    lines.setdefault(location, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise HarnessError(f"{path}:{line}: a field's name is a list or a mapping",
                                   "Name each field with a word.")
            key = str(key_node.value)
            if key in mapping:
                raise HarnessError(f"{path}:{line}: '{key}' is given twice", "Keep one of them.")
            lines[(*location, key)] = line
            mapping[key] = _plain(value_node, (*location, key), lines, path)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*location, i), lines, path) for i, item in enumerate(node.value)]
    if node.tag in NUMBERS and len(node.value) > LONGEST_NUMBER:
        raise HarnessError(f"{path}:{node.start_mark.line + 1}: a number of {len(node.value):,} "
                           "characters", "Give a number that can be used, or quote the text.")
    return SafeConstructor().construct_object(node)


def explain(error: ValidationError, source: Located, model: type[BaseModel], root: Location = ()
            ) -> HarnessError:
    """The first fault of a pydantic validation, with file, line, field and the nearest name."""
    fault = min(error.errors(), key=lambda e: source.line((*root, *e["loc"])))
    location = tuple(part for part in fault["loc"] if not _is_union_tag(part, fault["loc"]))
    fix = ""
    if fault["type"] == "extra_forbidden":
        found = f"unknown field '{location[-1]}'"
        fix = did_you_mean(str(location[-1]), _fields_at(model, location[:-1]))
    elif fault["type"] == "missing":
        found, location = f"field '{location[-1]}' is missing", location[:-1]
        fix = "Add it."
    else:
        shown = str(fault.get("input"))
        found = f"{fault['msg']}, found {shown[:60]!r}"
    return source.error((*root, *location), found, fix)


def _is_union_tag(part: str | int, location: tuple[str | int, ...]) -> bool:
    return isinstance(part, str) and part.startswith("tag:")


def _fields_at(model: Any, location: Location) -> list[str]:
    """Field names of the model found by walking `location` from `model`."""
    candidates: list[Any] = [model]
    for part in location:
        following: list[Any] = []
        for candidate in candidates:
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                info = candidate.model_fields.get(str(part))
                following += _models_in(info.annotation) if info else []
            else:
                following.append(candidate)
        candidates = following or candidates
    names: set[str] = set()
    for candidate in candidates:
        names |= set(getattr(candidate, "model_fields", {}))
    return sorted(names)


def _models_in(annotation: Any) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for argument in getattr(annotation, "__args__", ()) for m in _models_in(argument)]
