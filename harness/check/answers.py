"""Whether models can give the answers of questions, and whether these stand in the corpus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from harness.check.finding import Finding, shown
from harness.common.words import split_words
from harness.measure.generation import unanswerable
from harness.tasks.corpus import Corpus
from harness.tasks.ledger import Facts
from harness.tasks.questions import RARE
from harness.tasks.splits import Splits
from harness.tasks.view import TaskView
from harness.tasks.wording import Wording

FEW = 0.5


def check_form(task: TaskView, facts: Facts, splits: Splits) -> Iterator[Finding]:
    """References that no model may match, for its answers are cut before: at their first line, or
    in tokens, of which a word has one at the least."""
    if task.answer_lines == "one" and facts.lined > RARE * facts.rows:
        yield Finding(
            severity="warning", check="answers", count=facts.lined,
            found=f"{facts.lined:,} of {facts.rows:,} rows have a reference of several lines: they "
                  "are joined, and of what a model writes the first line is its answer",
            suggestion="Say `answer_lines: all` under `task`.")
    items = (*splits.train, *splits.validation, *splits.test)
    long = [e for e in items if len(split_words(e.references[0])) > task.answer_tokens]
    if len(long) > RARE * len(items):
        yield Finding(
            severity="warning", check="answers", count=len(long),
            found=f"{len(long) / len(items):.0%} of the first references have more words than the "
                  f"{task.answer_tokens} tokens that a model may answer with", examples=shown(long),
            suggestion="Raise `answer_tokens` under `task`.")


def check_answers(corpus: Corpus, splits: Splits, wording: Wording) -> Iterator[Finding]:
    """Test questions without a reference that stands word for word in their document (or, where
    they name none, anywhere): what an answer copied from a passage can never match."""
    table = corpus.passages()
    texts: dict[str, list[str]] = defaultdict(list)
    for document, text in zip(table["document"].to_pylist(), table["text"].to_pylist(),
                              strict=True):
        texts[document].append(wording.place(text))
    everywhere = [text for found in texts.values() for text in found]
    absent = [e for e in splits.test if not unanswerable(e, wording) and not any(
        wording.held(reference, text) for reference in e.references
        for text in (texts[e.document] if e.document else everywhere))]
    if absent:
        share = len(absent) / len(splits.test)
        yield Finding(
            severity="warning" if share > FEW else "note", check="answers", count=len(absent),
            found=f"{share:.0%} of the test questions have no reference that stands word for word "
                  "in a passage: exact match will be low however good a search is",
            examples=shown(absent),
            suggestion="Decide by token F1 or ROUGE-L, or give shorter references.")
