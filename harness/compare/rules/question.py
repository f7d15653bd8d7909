"""Same question: what was put to models that answer a prompt, token by token."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from harness.common.capabilities import ASKED
from harness.compare.rule import Rule, judged, run_name, unlike
from harness.measure.question import Asked
from harness.study.record import Record

Said = Mapping[tuple[object, ...], Sequence[tuple[Record, Asked]]]
"""What runs were asked, by all that may make it another text or other tokens."""


def same_question(done: Sequence[Record]) -> Rule:
    """On one backbone, with one length of texts, every run was asked the same words for the same
    item, but for worked examples and what it retrieved, and scored the same tokens as answers."""
    said = _said(done)
    runs = [record for group in said.values() for record, _ in group]
    without = sorted({r.identity.name for r in done if r.identity.kind in ASKED and not r.asked})
    hashes = dict.fromkeys(asked.prompt_sha256[:12] for group in said.values()
                           for _, asked in group)
    return judged(
        "Same question", "Every method that prompts a model asks one prompt and is scored by one "
        "function, the log-likelihood of each closed answer.", _broken(said),
        f"{len(runs)} runs were asked the same words for the same item, and had the same tokens "
        f"as answers: prompt {', '.join(hashes)}"
        + (f"; without a prompt: {', '.join(without)}." if without else "."),
        _unknown(said, bool(without)))


def _said(done: Sequence[Record]) -> Said:
    found: dict[tuple[object, ...], list[tuple[Record, Asked]]] = defaultdict(list)
    for record in done:
        if record.asked:
            budget = record.identity.budget
            found[record.identity.backbone, budget.get("max_words"),
                  budget.get("max_length")].append((record, record.asked))
    return found


def _broken(said: Said) -> Iterator[str]:
    for group in said.values():
        bare = [(record, asked) for record, asked in group if not asked.added]
        for what, field, runs in (
                ("about other items", "item", group), ("in other words", "prompt_sha256", group),
                ("with other answers", "options_sha256", group),
                ("in other tokens", "whole_sha256", bare)):
            for found in unlike((None, getattr(asked, field), record) for record, asked in runs):
                yield f"{' and '.join(map(run_name, found.values()))} were asked {what}"


def _unknown(said: Said, others: bool) -> str | None:
    if not said:
        return ("Not recorded: what was put to the models." if others
                else "No model is asked in this study.")
    if all(len(group) == 1 for group in said.values()):
        return "One run alone was asked on each backbone."
    return None
