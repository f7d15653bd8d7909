"""Near-duplicates: texts that share most of their word sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from datasketch import MinHash, MinHashLSH

from harness.check.finding import Finding, shown
from harness.common.words import split_words
from harness.tasks.examples import Example, folded
from harness.tasks.splits import Splits

ALIKE = 0.8
"""Jaccard similarity of the sets of word triples from which texts count as near-duplicates."""
WORDS, PERMUTATIONS, CANDIDATE = 3, 128, 0.6
"""Candidates are looked for well below what counts, so that few that count are missed."""
LEAK = 0.01
Pairs = list[tuple[Example, Example]]
Duplicates = Callable[[Sequence[Example], Sequence[Example]], Pairs]
"""Pairs of an indexed and an asked item that are near-duplicates."""


def check_near(splits: Splits, near_duplicates: Duplicates) -> Iterator[Finding]:
    """Near-duplicates between test and the rest, and inside training and test, as told by what is
    given."""
    kept = (*splits.train, *splits.validation)
    leaked = near_duplicates(kept, splits.test)
    items = list({test.id: test for _, test in leaked}.values())
    if items:
        share = len(items) / len(splits.test)
        yield Finding(
            severity="warning" if share > LEAK else "note", check="leakage", count=len(items),
            found=f"{len(items)} of {len(splits.test)} test items ({share:.1%}) are near-duplicates"
                  " of training or validation items: figures on them tell of memory",
            examples=shown(items),
            suggestion="Name a group column that holds them together.")
    inside = near_duplicates(splits.train, splits.train)
    yield from _inside("training", inside, splits.train)
    yield from _inside("test", near_duplicates(splits.test, splits.test), splits.test)
    apart = [pair for pair in inside if pair[0].every_class != pair[1].every_class]
    if apart:
        yield Finding(
            severity="warning", check="conflicts", count=len(apart),
            found=f"{len(apart)} pairs of near-duplicate training items have different classes",
            examples=shown([e for pair in apart for e in pair]),
            suggestion="Look at their labels.")


def _inside(part: str, pairs: Pairs, items: Sequence[Example]) -> Iterator[Finding]:
    """Items that say again what an earlier one of their part says."""
    again = list({later.id: later for _, later in pairs}.values())
    share = len(again) / max(1, len(items))
    if again:
        yield Finding(
            severity="note", check="duplicates", count=len(again), examples=shown(again),
            found=f"{len(again)} of {len(items):,} {part} items ({share:.1%}) are near-duplicates "
                  "of others among them: there is less in them than their number says",
            suggestion="Name a group column that holds them together, or leave them out.")


def near_duplicates(indexed: Sequence[Example], asked: Sequence[Example]) -> Pairs:
    """Pairs of an indexed and an asked item whose word triples have a Jaccard of 0.8 or more.

    Candidates by MinHash with locality-sensitive hashing (Leskovec, Rajaraman and Ullman, Mining
    of Massive Datasets, chapter 3), then the exact similarity: none that is found is wrong, and
    a few may be missed. An item is no duplicate of itself.
    """
    index = MinHashLSH(threshold=CANDIDATE, num_perm=PERMUTATIONS)
    triples = {e.id: _triples(e) for e in (*indexed, *asked)}
    hashes = {name: _hashed(found) for name, found in triples.items()}
    by_id = {e.id: e for e in indexed}
    for name in by_id:
        index.insert(name, hashes[name])
    place = {name: i for i, name in enumerate(by_id)}
    return [(by_id[name], e) for e in asked
            for name in sorted(index.query(hashes[e.id]), key=place.__getitem__)
            if name != e.id and not (e.id in place and place[e.id] < place[name])
            and _jaccard(triples[name], triples[e.id]) >= ALIKE]


def _triples(example: Example) -> frozenset[str]:
    words = split_words(folded(example.text, example.pair))
    return frozenset(" ".join(words[i: i + WORDS]) for i in range(max(1, len(words) - WORDS + 1)))


def _hashed(triples: frozenset[str]) -> MinHash:
    found = MinHash(num_perm=PERMUTATIONS, seed=0)
    found.update_batch([triple.encode("utf-8", "surrogatepass") for triple in triples])
    return found


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)
