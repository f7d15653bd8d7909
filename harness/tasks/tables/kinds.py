"""Of which kind a table is: by its file's ending, else by what it begins with."""

from __future__ import annotations

import codecs
from pathlib import Path

from harness.common.errors import HarnessError
from harness.tasks.tables.form import Form
from harness.tasks.tables.packed import opened, unpacked_ending

DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
"""Of tables in lines, where nothing else is said."""
ENDINGS = (*DELIMITERS, ".json", ".jsonl", ".ndjson", ".parquet", ".arrow", ".xlsx")
OTHERS = dict.fromkeys((".xls", ".xlsm", ".xlsb", ".ods"), "Save the sheet as .xlsx or CSV.")
"""What to do with tables of other formats."""
CONVERT = "Convert the file, or rename it to what it is."
MAGIC = {b"PAR1": ".parquet", b"ARROW1": ".arrow", b"PK\x03\x04": ".xlsx", b"[": ".json",
         b"{": ".json"}
MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
START = 4096


def kind_of(path: Path) -> str:
    """One of ENDINGS: that of the file's name, below that of its packing; for other names, what
    the content looks like.

    Raises HarnessError for tables of other formats and what is no text, and OSError and the like
    for files that cannot be read.
    """
    ending = unpacked_ending(path)
    if ending in ENDINGS:
        return ending
    if ending in OTHERS:
        raise _no_table(path, OTHERS[ending])
    with opened(path) as stream:
        start = stream.read(START)
    if not start:
        raise HarnessError(f"{path.name}: is empty", "Give data.")
    for magic, kind in MAGIC.items():
        if start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(magic):
            return kind
    if b"\0" in start and not start.startswith(MARKS):
        raise _no_table(path, CONVERT)
    return ".tsv" if b"\t" in start.splitlines()[0] else ".csv"


def usual(form: Form, kind: str) -> Form:
    """The form, with the delimiter that is usual in tables of a kind where it says none."""
    return form if form.delimiter else form.model_copy(update={"delimiter": DELIMITERS.get(kind)})


def _no_table(path: Path, fix: str) -> HarnessError:
    return HarnessError(f"{path.name}: a table ends in {', '.join(ENDINGS)}", fix)


def tables_at(path: Path) -> list[Path]:
    """The file itself, or the tables below a folder in the order of their names. Of JSON that is
    not in lines, many folders hold notes on their tables: it counts where there is nothing else."""
    if not path.is_dir():
        return [path]
    found = sorted(p for p in path.rglob("*") if unpacked_ending(p) in ENDINGS and p.is_file())
    if not found:
        raise HarnessError(f"{path.name}: is a folder without a table: those end in "
                           f"{', '.join(ENDINGS)}", "Name a table.")
    return [p for p in found if unpacked_ending(p) != ".json"] or found
