"""How a stranger's table is written: found from its bytes and from the columns it should have."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from pathlib import Path

from harness.common.errors import HarnessError
from harness.tasks.tables.columns import FAILURES, unreadable
from harness.tasks.tables.form import HEADERLESS, PLAIN, Form, absent
from harness.tasks.tables.kinds import DELIMITERS, kind_of
from harness.tasks.tables.lines import head
from harness.tasks.tables.packed import DAMAGED, opened

CANDIDATES = (",", ";", "\t", "|")


def find_form(paths: Sequence[Path], columns: Sequence[str], said: Form = PLAIN) -> Form:
    """What is said, with encoding and delimiter of tables in lines, packed or not: the delimiter
    under which they have the columns. Other tables need none.

    Raises HarnessError for an empty file, one that is not text, missing columns, and files that
    are written in two ways.
    """
    forms = {path: _form(path, kind, columns, said) for path in paths
             if (kind := _kind(path)) in DELIMITERS}
    ways = list(dict.fromkeys(forms.values()))
    if len(ways) > 1:
        first, other = (next(p for p, f in forms.items() if f == form) for form in ways[:2])
        raise HarnessError(f"{first.name} and {other.name} differ in delimiter or encoding: "
                           f"{_words(forms[first])}, {_words(forms[other])}",
                           "Export both in one way.")
    return next(iter(ways), said)


def _words(form: Form) -> str:
    return f"{form.delimiter or 'the usual'!r} and {form.encoding}"


def _kind(path: Path) -> str:
    try:
        return kind_of(path)
    except FAILURES as error:
        raise unreadable(path, "", error) from None


def _form(path: Path, kind: str, columns: Sequence[str], said: Form) -> Form:
    encoding, usual = find_encoding(path), DELIMITERS[kind]
    best: list[str] = []
    failure: HarnessError | None = None
    for delimiter in (usual, *(d for d in CANDIDATES if d != usual)):
        form = said.model_copy(update={"delimiter": delimiter, "encoding": encoding})
        try:
            names = head(path, form)
        except HarnessError as error:
            failure = failure or error
            continue
        except FAILURES as error:
            raise unreadable(path, kind, error) from None
        if set(columns) <= set(names):
            return form if delimiter != usual else form.model_copy(update={"delimiter": None})
        best = max(best, names, key=len)
    if failure is not None and len(best) < 2:
        raise failure
    missing = next((column for column in columns if column not in best), columns[0])
    raise absent(path, missing, best, HEADERLESS if set(columns).isdisjoint(best) else "")


def find_encoding(path: Path) -> str:
    """UTF-16 by its mark, UTF-8 where all of the file is, else Windows-1252.

    Raises HarnessError for a file that is empty, is not text or cannot be read.
    """
    try:
        with opened(path) as stream:
            start = stream.read(4)
            if not start:
                raise HarnessError(f"{path.name}: is empty", "Give data.")
            if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                return "utf-16"
            stream.seek(0)
            decoder, utf8, line = codecs.getincrementaldecoder("utf-8")(), True, 1
            more = True
            while more:
                more = bool(chunk := stream.read(1 << 20))
                if b"\0" in chunk:
                    line += chunk[: chunk.index(b"\0")].count(b"\n")
                    raise HarnessError(f"{path.name}:{line}: holds a NUL byte: not text",
                                       "Export the table again.")
                line += chunk.count(b"\n")
                try:
                    decoder.decode(chunk, final=not more)
                except UnicodeDecodeError:
                    utf8 = False
    except DAMAGED as error:
        raise HarnessError(f"{path.name}: cannot be read: {getattr(error, 'strerror', error)}",
                           "Name a readable file.") from None
    return "utf-8-sig" if utf8 else "cp1252"
