"""Tables in JSON: an object a line, or a list of objects."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from harness.common.errors import HarnessError
from harness.tasks.tables.form import Form, absent
from harness.tasks.tables.packed import opened


def read_json(path: Path, _: Form, wanted: Sequence[str]) -> Iterator[list[object]]:
    """The wanted fields of each object. One may lack some, as long as another has them; blank lines
    are no rows.

    Raises HarnessError for a column that no object has, and ValueError, with line or number, for
    what is no object.
    """
    seen: dict[str, None] = {}
    with opened(path) as packed:
        encoding = json.detect_encoding(packed.read(4))
        packed.seek(0)
        with io.TextIOWrapper(packed, encoding) as stream:
            for row in _objects(stream):
                seen.update(dict.fromkeys(row))
                yield [row.get(column) for column in wanted]
    if not seen:
        raise HarnessError(f"{path.name}: holds no rows", "Give data.")
    for column in wanted:
        if column not in seen:
            raise absent(path, column, list(seen))


def _objects(stream: TextIO) -> Iterator[dict[str, Any]]:
    first = next((line for line in stream if line.strip()), "")
    stream.seek(0)
    if first.lstrip().startswith("["):
        for number, each in enumerate(_parsed(stream.read()), 1):
            yield _checked(each, f"object {number} of the list")
        return
    for number, line in enumerate(stream, 1):
        if line.strip():
            try:
                yield _checked(_parsed(line), "")
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for i, (name, _) in enumerate(pairs) if name in dict(pairs[:i]))
        raise ValueError(f"'{twice}' stands twice in one object")
    return found


def _checked(row: Any, where: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise ValueError(f"{where}: not an object".removeprefix(": "))
    return row
