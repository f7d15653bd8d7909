"""Passages of general text in three parts: measured, held for a limit, and learned by replay."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.common.kinds import General
from harness.forgetting.catalogue import catalogue
from harness.forgetting.items import draw
from harness.suite import ForgettingItems

HELD = 100
"""Passages that a limit looks at, at the most: forgetting is measured on as many by default."""
EIGHTH = "2"
"""Hashes of passages that are held, and not learned, begin below this digit."""

RUN = 13
"""Words in a row that two texts share by no chance (Brown et al. 2020, Language Models are Few-Shot
Learners, appendix C)."""


def general_passages(part: General, asked: ForgettingItems | None) -> tuple[str, ...]:
    """The passages of a part, in the order of their hashes, that a suite's forgetting is not
    measured on: neither among its passages nor among the items of the benchmark made of them.

    Of the others the hash says which are held and which are learned. Some are of one page of a
    novel: none shares a run of words with a passage of another part. Raises HarnessError where
    none is left, and for another benchmark of the same texts.
    """
    texts, taken = catalogue().passage_texts(), measured_passages(asked)
    by_hash = sorted((sha256_json(text), text) for text in set(texts))
    held = _unlike(taken, [text for key, text in by_hash if key < EIGHTH])
    learned = _unlike({*taken, *held}, [text for key, text in by_hash if key >= EIGHTH])
    found = held[:HELD] if part == "held" else learned
    if not found:
        raise HarnessError(f"forgetting is measured on {len(taken)} of the {len(by_hash)} "
                           f"passages of general text, and none is left to be {part}",
                           "Measure it on fewer.")
    return tuple(found)


def _unlike(others: Collection[str], texts: Iterable[str]) -> list[str]:
    """The texts that share no run of words with others."""
    known = {run for text in others for run in _runs(text)}
    return [text for text in texts if known.isdisjoint(_runs(text))]


def _runs(text: str) -> set[tuple[str, ...]]:
    """Of words in a row as many as tell that two texts overlap, or all where there are fewer."""
    words = text.split()
    return {tuple(words[start:start + RUN]) for start in range(max(1, len(words) - RUN + 1))}


def measured_passages(asked: ForgettingItems | None) -> set[str]:
    """The passages that a suite's forgetting is measured on. Raises HarnessError for a benchmark
    of lm-eval's that is called by the same texts: which of them it draws is not known here."""
    if asked is None:
        return set()
    known, texts = catalogue(), catalogue().passage_texts()
    family = known.passages.partition("_")[0]
    same = [name for name in asked.benchmarks if family in name and name != known.passages]
    if same:
        raise HarnessError(f"benchmark '{same[0]}' may ask the passages of general text that a "
                           "method learns or is held to", f"Measure {known.passages} in its place.")
    wanted = {"passages": asked.passages, known.passages: asked.benchmarks.get(known.passages, 0)}
    return {texts[place] for name, count in wanted.items()
            for place in draw(len(texts), count, asked.seed, name)}


def general_sha256(passages: tuple[str, ...]) -> str | None:
    """Over passages; None for none."""
    return sha256_json(passages) if passages else None
