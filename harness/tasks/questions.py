"""Questions that are answered in words: gathered, tied to documents, split."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from harness.common.kinds import AnswerLines, Drawn, Over
from harness.common.text import blank, value_key
from harness.suite import Split, Unanswerable
from harness.tasks.corpus import Documents
from harness.tasks.dealing import DEALS
from harness.tasks.drawing import LEARNED_BY, in_order
from harness.tasks.examples import Example, Row, item_id
from harness.tasks.ledger import Facts
from harness.tasks.splits import Splits

RARE = 0.02
"""A share of the rows that says nothing of the others."""
KNOWLEDGE = "knowledge"
"""The slice that says whether a question is on an old or a new document."""


def gather(rows: Iterable[Row], documents: Mapping[str, bool], lines: AnswerLines = "one",
           unanswerable: Unanswerable | None = None) -> tuple[list[Example], Facts]:
    """Distinct questions in the order of their ids.

    `documents` maps the corpus's ids to whether each is new; a row's document is an id or a whole
    text. The same question on the same document is one, with the references of all its rows; a
    row without words or without a reference is left out. Of references that are of one line, lines
    are joined. What a row is said to have no answer by is answered with the phrase for it, unless
    another row has an answer. Raises HarnessError for a document that the corpus does not have.
    """
    known = Documents(documents)
    fates: Counter[str] = Counter()
    found: dict[str, Example] = {}
    for row in (row if unanswerable is None else _refused(row, unanswerable) for row in rows):
        fates["rows"] += 1
        if blank(row.text) or not row.references:
            fates["empty"] += 1
            continue
        fates["lined"] += any("\n" in reference for reference in row.references)
        example = _example(row, known, lines)
        before = found.get(example.id)
        if before is not None:
            fates["duplicates"] += 1
            together = tuple(dict.fromkeys((*before.references, *example.references)))
            if unanswerable is not None and len(together) > 1:
                fates["conflicting"] += unanswerable.says in together
                together = tuple(text for text in together if text != unanswerable.says)
            example = dataclasses.replace(before, references=together)
        found[example.id] = example
    examples = [example for _, example in sorted(found.items())]
    facts = Facts(rows=fates["rows"], kept=len(examples), empty=fates["empty"], other_label=0,
                  duplicates=fates["duplicates"], conflicting=fates["conflicting"],
                  groups=len({e.cluster for e in examples}), lined=fates["lined"])
    return examples, facts


def split_questions(examples: list[Example], how: Split) -> Splits:
    """Questions on new documents are test items, or the gate's in the shares of both; the rest is
    split by group.

    The prefixes of both parts hold old and new in about their shares. Raises ValueError when a part
    would be empty.
    """
    old = [e for e in examples if not e.label]
    apart = len({e.group for e in examples}) == len(examples)
    by: Over = "items" if apart else how.by
    over: Drawn = "items" if apart else how.over
    parts = _dealt(old, by, how.shares, how.seed)
    later = how.shares[2:]
    new = [e for e in examples if e.label]
    for part, more in zip(parts[2:], _dealt(new, by, [share / sum(later) for share in later],
                                            how.seed) if new else (), strict=False):
        part += more
    draws = (LEARNED_BY[over], *[over] * (len(parts) - 1))
    return Splits(*(tuple(in_order(part, draw, how.seed))
                    for part, draw in zip(parts, draws, strict=True)), over=over)


def _dealt(examples: Sequence[Example], by: Over, shares: Sequence[float], seed: int
           ) -> list[list[Example]]:
    """The examples of each part, whole groups in these shares."""
    groups = np.unique([e.group for e in examples], return_inverse=True)[1]
    dealt = DEALS[by](np.zeros(len(examples), dtype=int), groups, shares, seed)
    return [[e for e, part in zip(examples, dealt, strict=True) if part == number]
            for number in range(len(shares))]


def _refused(row: Row, unanswerable: Unanswerable) -> Row:
    """The row, with the phrase for its answer where it has none."""
    value = unanswerable.value
    none = (not row.references if value is None else
            [*map(value_key, row.references)] == [value_key(value)])
    return dataclasses.replace(row, references=(unanswerable.says,)) if none else row


def _example(row: Row, known: Documents, lines: AnswerLines) -> Example:
    references = row.references if lines == "all" else tuple(dict.fromkeys(
        reference.replace("\n", " ") for reference in row.references))
    document = known.of(row)
    name = item_id(row.text, document)
    new = known.new.get(document or "", False)
    slices = dict(row.slices)
    if known.some_new:
        slices[KNOWLEDGE] = "new" if new else "old"
    return Example(name, row.text, None, int(new), row.group or name, slices, references,
                   document)
