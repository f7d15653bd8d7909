"""A log that only grows: a JSON object a line, each with the hash of the line before it.

A line that was changed, moved or taken out breaks the chain; lines taken off the end are missed by
the head beside the log, which names its last line. Whoever rewrites all of it leaves no trace here:
what shows that is the history of the repository that the log is committed to.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.common.chained import Break, Line, chain_text, chained, object_in, read_chain
from harness.common.errors import HarnessError
from harness.common.files import write_atomic
from harness.common.locks import locked
from harness.common.sealed import FIELD

NUMBER = "line"
MEND = ("Restore the log and its head from the repository: no attempt is judged by one that cannot "
        "be trusted.")
BROKEN = {"no-line": "is no line of a log",
          "edited": "does not have its hash: it was edited or damaged",
          "moved": "does not follow the one before it: lines were removed, added or moved"}


@dataclass(frozen=True)
class Log:
    """Where a log lies, with what lies beside it."""

    path: Path

    @property
    def head(self) -> Path:
        """The file that says how many lines there are, and the last one's hash."""
        return self.path.with_suffix(".head")

    @property
    def there(self) -> bool:
        """Whether there is a log, or anything left of one."""
        return self.path.exists() or self.head.exists()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else writes to it, nor waits to, for the block. The lock vanishes with the
        process that holds it."""
        with locked(self.path.with_suffix(".lock")):
            yield


def read_log(log: Log) -> tuple[Line, ...]:
    """All lines; none where there is no log. Raises HarnessError, with the line, for a log whose
    chain is broken, from which lines were removed, or whose head is gone."""
    if not log.there:
        return ()
    lines, broken = read_chain(_text(log.path))
    wrong = next((number for number, line in enumerate(lines, 1) if line.get(NUMBER) != number),
                 None)
    if wrong is not None:
        broken = Break(wrong, "moved")
    if broken is not None:
        raise HarnessError(f"{log.path}: line {broken.number} {BROKEN[broken.what]}", MEND)
    _check_head(log, lines)
    return lines


def append(log: Log, fields: Mapping[str, Any]) -> str:
    """Add a line; returns its hash. To be called while the log is held (`alone`).

    The head is written last: a log that is a line ahead of it is whole. Raises as `read_log` does.
    """
    before = read_log(log)
    line = chained(before, {NUMBER: len(before) + 1, **fields})
    write_atomic(log.path, chain_text((*before, line)))
    write_atomic(log.head, json.dumps({"lines": len(before) + 1, FIELD: line[FIELD]}) + "\n")
    return str(line[FIELD])


def _check_head(log: Log, lines: Sequence[Line]) -> None:
    said = object_in(_text(log.head)) or {}
    count, sha256 = said.get("lines"), said.get(FIELD)
    if not isinstance(count, int) or count < 1:
        raise HarnessError(f"{log.head}: no head of a log", MEND)
    if count > len(lines):
        raise HarnessError(f"{log.path}: has {len(lines)} lines, and its head names {count}: the "
                           "last ones were removed", MEND)
    if lines[count - 1][FIELD] != sha256:
        raise HarnessError(f"{log.path}: line {count} is not the one that its head names", MEND)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise HarnessError(f"{path}: {error.strerror}", MEND) from None
    except UnicodeDecodeError:
        raise HarnessError(f"{path}: not UTF-8", MEND) from None
