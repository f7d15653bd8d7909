"""Same knowledge: what searches hold, by content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.compare.rule import Rule, judged, run_name
from harness.measure.retrieval import PassageRetrieval
from harness.study.record import Record
from harness.study.study import Study


def same_knowledge(study: Study, done: Sequence[Record]) -> Rule:
    """A search holds the items that its run learned from, in their order, or every passage of the
    corpus; nothing else, and nothing less."""
    searched = [r for r in done if r.retrieval]
    passages = sum(isinstance(r.retrieval, PassageRetrieval) for r in searched)
    return judged(
        "Same knowledge", "Retrieval indexes exactly the training examples, or all passages of the "
        "task's corpus.",
        [f"{run_name(record)}: {fault}" for record in searched
         for fault in _faults(study, record)],
        f"{len(searched)} retrieval runs: by content {len(searched) - passages} index what they "
        f"were trained on, {passages} the passages of the corpus.",
        _unknown(study, searched))


def _expected(study: Study, record: Record) -> tuple[int | None, str | None]:
    """How many items or passages a run's search must hold, and their hash; None where no record
    says."""
    if isinstance(record.retrieval, PassageRetrieval):
        cut = next((c for c in study.data.cuts if c.chunk == record.retrieval.chunk), study.data)
        return cut.passages, cut.passages_sha256
    used = record.budget_used
    return (used.train_items, used.read.train_sha256 if used.read else None) if used else (
        None, None)


def _faults(study: Study, record: Record) -> Iterator[str]:
    count, content = _expected(study, record)
    if record.retrieval is None:
        return
    if record.retrieval.indexed != count:
        yield f"indexes {record.retrieval.indexed}, where there are {count}"
    elif None not in (content, record.retrieval.indexed_sha256) and (
            content != record.retrieval.indexed_sha256):
        yield "indexes other texts, or in another order, than it may know"


def _unknown(study: Study, searched: Sequence[Record]) -> str | None:
    if not searched:
        return "No retrieval in this study."
    known = all(r.retrieval and r.retrieval.indexed_sha256 and _expected(study, r)[1]
                for r in searched)
    return None if known else "Not recorded: what is indexed, but for its number."
