"""Questions that are answered in words: gathered, tied to documents, split."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping

from harness.common.errors import HarnessError
from harness.suite import Split
from harness.tasks.corpus import text_id
from harness.tasks.examples import Example, Facts, Row, item_id
from harness.tasks.splits import Splits, split, stratified_order

KNOWLEDGE = "knowledge"
"""The slice that says whether a question is on an old or a new document."""


def gather(rows: Iterable[Row], documents: Mapping[str, bool]) -> tuple[list[Example], Facts]:
    """Distinct questions in the order of their ids.

    `documents` maps the corpus's ids to whether each is new; a row's document is an id or a whole
    text. The same question on the same document is one, with the references of all its rows; a
    row without words or without a reference is left out. Raises HarnessError for a document that
    the corpus does not have.
    """
    fates: Counter[str] = Counter()
    found: dict[str, Example] = {}
    for row in rows:
        fates["rows"] += 1
        if not row.text.strip() or not row.references:
            fates["empty"] += 1
            continue
        example = _example(row, documents)
        before = found.get(example.id)
        if before is not None:
            fates["duplicates"] += 1
            together = tuple(dict.fromkeys((*before.references, *example.references)))
            example = dataclasses.replace(before, references=together)
        found[example.id] = example
    examples = [example for _, example in sorted(found.items())]
    facts = Facts(rows=fates["rows"], kept=len(examples), empty=fates["empty"], other_label=0,
                  duplicates=fates["duplicates"], conflicting=0,
                  groups=len({e.document or e.group for e in examples}))
    return examples, facts


def split_questions(examples: list[Example], how: Split) -> Splits:
    """Questions on new documents are all test items; the rest is split by group.

    The test part's prefixes hold old and new in about their shares. Raises ValueError when a part
    would be empty.
    """
    new = [e for e in examples if e.label]
    old = split([e for e in examples if not e.label], how.validation, how.test, how.seed)
    return dataclasses.replace(old, test=tuple(stratified_order([*old.test, *new], how.seed)))


def _example(row: Row, documents: Mapping[str, bool]) -> Example:
    document = None
    if row.document is not None and documents:
        document = row.document if row.document in documents else text_id(row.document)
        if document not in documents:
            raise HarnessError(f"the corpus has no document '{row.document[:60]}', which the "
                               f"question '{row.text[:60]}' names", "Add it, or mend the column.")
    name = item_id(row.text, document)
    new = documents.get(document or "", False)
    slices = dict(row.slices)
    if any(documents.values()):
        slices[KNOWLEDGE] = "new" if new else "old"
    return Example(name, row.text, None, int(new), row.group or name, slices, row.references,
                   document)
