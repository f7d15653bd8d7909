"""Whether the answers of questions stand in the corpus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from harness.check.finding import Finding, shown
from harness.tasks.corpus import Corpus
from harness.tasks.splits import Splits
from harness.tasks.wording import Wording

FEW = 0.5


def check_answers(corpus: Corpus, splits: Splits, wording: Wording) -> Iterator[Finding]:
    """Test questions without a reference that stands word for word in their document (or, where
    they name none, anywhere): what an answer copied from a passage can never match."""
    table = corpus.passages()
    texts: dict[str, list[str]] = defaultdict(list)
    for document, text in zip(table["document"].to_pylist(), table["text"].to_pylist(),
                              strict=True):
        texts[document].append(wording.place(text))
    everywhere = [text for found in texts.values() for text in found]
    absent = [e for e in splits.test if not any(
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
