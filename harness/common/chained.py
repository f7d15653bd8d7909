"""Lines that only grow in number: JSON objects, each with its own hash and that of the line before.

A line that was changed, moved or taken out of the middle shows. Lines taken off the end do not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.common.sealed import FIELD, seal

BEFORE = "before"
Line = Mapping[str, Any]


@dataclass(frozen=True)
class Break:
    """The first line that is not as it was written, from 1: no object, without its own hash, or
    not behind the line before it."""

    number: int
    what: Literal["no-line", "edited", "moved"]


def read_chain(text: str) -> tuple[tuple[Line, ...], Break | None]:
    """Lines of a file as they were written, up to the first that is not.

    A line ends at a line feed and nowhere else: JSON leaves the other ends of lines that Unicode
    has, as U+2028, in strings as they are.
    """
    found: list[Line] = []
    for number, each in enumerate(text.removesuffix("\n").split("\n") if text else (), start=1):
        line = object_in(each)
        if line is None:
            return tuple(found), Break(number, "no-line")
        if line.get(FIELD) != seal(line):
            return tuple(found), Break(number, "edited")
        if line.get(BEFORE) != last_hash(found):
            return tuple(found), Break(number, "moved")
        found.append(line)
    return tuple(found), None


def chained(lines: Sequence[Line], fields: Mapping[str, Any]) -> Line:
    """What follows these lines: the fields with both hashes, those in their place where they have
    one."""
    line = {**fields, BEFORE: last_hash(lines)}
    return {**line, FIELD: seal(line)}


def chain_text(lines: Iterable[Line]) -> str:
    """The lines as a file has them."""
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def last_hash(lines: Sequence[Line]) -> str:
    """Of the last line; empty where there is none."""
    return str(lines[-1][FIELD]) if lines else ""


def object_in(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is; None where it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
