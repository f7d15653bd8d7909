"""What a stranger's table of texts and answers in words holds: lengths, and lines of answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harness.common.errors import HarnessError
from harness.common.words import split_words
from harness.tasks.describe import Described
from harness.tasks.prepare import RowsAt, read_rows
from harness.tasks.questions import RARE
from harness.tasks.readers import READERS
from harness.tasks.readers.questions import QuestionOptions
from harness.tasks.tables.form import Form
from harness.tasks.tables.found import find_form
from harness.tasks.tables.kinds import tables_at

TOKENS_A_WORD, LETTERS_A_TOKEN = 1.6, 3.0
LEAST_TOKENS, MOST_TOKENS = 12, 512
LONGEST = 95
"""Percentile of the answers' lengths that a model has tokens for."""


def question_options(path: Path, text: str, answers: str, group: str | None,
                     slices: Sequence[str], said: Form) -> QuestionOptions:
    """The reader's options, with how the table is written. Raises HarnessError as `find_form`."""
    named = (text, answers, group, *slices)
    form = find_form(tables_at(path), tuple(c for c in named if c is not None), said)
    return QuestionOptions(text=text, answers=answers, group=group, slices=tuple(slices),
                           **form.model_dump())


def describe_answers(path: Path, options: QuestionOptions) -> Described:
    """Read all of it and count. Raises HarnessError where no row has a text and an answer."""
    place = RowsAt(path, None)
    rows = [row for row, _ in read_rows([place], READERS["questions"], options)
            if row.text.strip() and row.references]
    if not rows:
        raise HarnessError(f"{path.name}: no row has a text in '{options.text}' and an answer in "
                           f"'{options.answers}'", "Name the columns with --text and --answers.")
    first = [row.references[0] for row in rows]
    texts, answers = (_lengths(found) for found in ([row.text for row in rows], first))
    lined = sum("\n" in answer for answer in first)
    needed = math.ceil(np.percentile([tokens_of(answer) for answer in first], LONGEST))
    return Described(
        "questions", options.model_dump(mode="json", exclude_defaults=True), {}, {}, (), texts,
        "generation", answer_tokens=min(MOST_TOKENS, max(LEAST_TOKENS, needed)),
        answer_words=answers, answer_lines="all" if lined > RARE * len(rows) else "one")


def tokens_of(text: str) -> float:
    """About as many tokens as a tokenizer that was made for English makes of a text, rather more
    than fewer: of each other letter one beside those of its word."""
    others = sum(not letter.isascii() for letter in text)
    return max(TOKENS_A_WORD * len(split_words(text)), len(text) / LETTERS_A_TOKEN) + others


def _lengths(texts: Sequence[str]) -> tuple[int, int, int]:
    """Words in the median, the 90th percentile and at most."""
    words = [len(split_words(text)) for text in texts]
    return int(np.median(words)), math.ceil(np.percentile(words, 90)), max(words)
