"""Files of words with a tag each, a word a line: CoNLL's, and what came after them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.common.errors import HarnessError
from harness.common.text import excerpt
from harness.tasks.examples import Row
from harness.tasks.readers import ReaderOptions, reader
from harness.tasks.span_cells import spans_cell
from harness.tasks.word_tags import text_and_spans

DOCUMENT = "-DOCSTART-"
SUFFIXES = (".conll", ".conll2003", ".iob", ".iob2", ".bio")


class ConllOptions(ReaderOptions):
    """Which columns are read, counted from 0, or from the last one by -1."""

    word: int = 0
    tag: int = -1
    encoding: str = "utf-8"


@reader("conll", ConllOptions)
def read_conll(path: Path, options: ConllOptions) -> Iterator[Row]:
    """A row a sentence, which ends at a blank line. Sentences between two lines `-DOCSTART-` are a
    group; without such lines each is its own. Lines that begin with `# ` and have no tag are
    remarks.

    Raises HarnessError, with the line, for a line without the columns and for what is no tag.
    """
    document, words, tags = 0, list[str](), list[str]()
    try:
        lines = path.read_text(encoding=options.encoding).splitlines()
    except (UnicodeDecodeError, LookupError) as error:
        raise HarnessError(f"{path.name}: cannot be read as {options.encoding}: {error}",
                           "Say its `encoding`.") from None
    for number, line in enumerate((*lines, ""), 1):
        cells = line.split("\t") if "\t" in line else line.split()
        if not line.strip() or cells[0] == DOCUMENT:
            if words:
                yield _row(path, number, words, tags, document)
            words, tags = [], []
            document += bool(cells) and cells[0] == DOCUMENT
        elif not (line.startswith("# ") and not words):
            words.append(_cell(path, number, cells, options.word))
            tags.append(_cell(path, number, cells, options.tag))


def _cell(path: Path, number: int, cells: Sequence[str], column: int) -> str:
    if len(cells) < 2 or not -len(cells) <= column < len(cells):
        raise HarnessError(f"{path.name}:{number}: has {len(cells)} columns: "
                           f"{excerpt(' '.join(cells), 40)}",
                           "Give a word and its tag on each line, or say the columns.")
    return cells[column].strip()


def _row(path: Path, number: int, words: Sequence[str], tags: Sequence[str], document: int) -> Row:
    try:
        text, spans = text_and_spans(words, tags)
    except HarnessError as error:
        raise HarnessError(f"{path.name}, before line {number}: {error.found}",
                           error.fix) from None
    return Row(text, spans_cell(spans), group=f"document {document}" if document else None)
