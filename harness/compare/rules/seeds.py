"""Seeds drive everything: seeds that are the same for all, and that make a difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations

import pyarrow as pa

from harness.compare.rule import Rule, judged, run_name, unlike
from harness.study.planning.matched import Matched, matched
from harness.study.record import Record
from harness.study.study import Study

Arms = Mapping[tuple[str | None, str, Matched], list[Record]]
"""By backbone, method and budget, over seeds."""
Pair = tuple[Record, Record]


def same_seeds(study: Study, done: Sequence[Record], tables: Mapping[str, pa.Table]) -> Rule:
    """Methods have the same seeds and, of one draw, the same training items; two draws, and what
    two seeds of a method answer, are not the same."""
    planned, arms = _arms(study.records), _arms(done)
    pairs = [pair for runs in arms.values() if runs[0].identity.random
             for pair in combinations(runs, 2)]
    equal = [pair for pair in pairs if _same_answers(tables, pair)]
    idle = [pair for pair in equal if not _by_chance(tables, pair)]
    broken = [*_unlike_seeds(planned, _first if study.bought else _seeds),
              *_more_than_one(planned), *_unlike_draws(done),
              *(f"{one.identity.name} gives every item the same answer with seeds "
                f"{one.identity.seed} and {other.identity.seed}" for one, other in idle)]
    return judged(
        "Seeds drive everything", "Initialisation, order, sampling and few-shot choice follow the "
        "seed.", broken, _evidence(planned, len(pairs), len(equal)), _unknown(done, len(pairs)))


def _arms(records: Sequence[Record]) -> Arms:
    arms: dict[tuple[str | None, str, Matched], list[Record]] = defaultdict(list)
    for record in records:
        identity = record.identity
        arms[identity.backbone, identity.label, matched(identity.budget)].append(record)
    return arms


def _unlike_seeds(planned: Arms, of: Callable[[Sequence[Record]], tuple[int, ...]]
                  ) -> Iterator[str]:
    for found in unlike(
            ((backbone, part), of(runs), runs[0])
            for (backbone, _, part), runs in planned.items() if runs[0].identity.random):
        yield ", ".join(f"{record.identity.name} has seeds {' and '.join(map(str, used))}"
                        for used, record in found.items())


def _seeds(runs: Sequence[Record]) -> tuple[int, ...]:
    return tuple(sorted(run.identity.seed for run in runs))


def _first(runs: Sequence[Record]) -> tuple[int, ...]:
    """None where a method has the first seeds, however many: one that left a study by minutes has
    fewer (`effort` asks why)."""
    seeds = _seeds(runs)
    return () if seeds == tuple(range(len(seeds))) else seeds


def _more_than_one(planned: Arms) -> Iterator[str]:
    """One without randomness has one run: its spread over seeds is zero, not unknown."""
    for runs in planned.values():
        if not runs[0].identity.random and len(runs) > 1:
            yield f"{runs[0].identity.name}, which is without randomness, has {len(runs)} runs"


def _unlike_draws(done: Sequence[Record]) -> Iterator[str]:
    """Draws differ from one another, and in nothing between methods."""
    drawn: dict[Matched, dict[int, dict[str, Record]]] = defaultdict(lambda: defaultdict(dict))
    for record in done:
        if sample := _sample(record):
            draws = drawn[matched(record.identity.budget)]
            draws[record.identity.draw].setdefault(sample, record)
    for draws in drawn.values():
        for draw, found in draws.items():
            if len(found) > 1:
                yield f"{' and '.join(map(run_name, found.values()))} learned from other items " \
                      f"of draw {draw}"
        for (one, ours), (other, theirs) in combinations(draws.items(), 2):
            if set(ours) & set(theirs):
                yield f"draws {one} and {other} are the same training items"


def _same_answers(tables: Mapping[str, pa.Table], pair: Pair) -> bool:
    """Whether all that two runs answered is the same, to the last bit."""
    one, other = (_answers(tables[run.identity.run_id]) for run in pair)
    return bool(one.equals(other))


def _answers(table: pa.Table) -> pa.Table:
    return table.select([name for name in table.column_names
                         if name in ("item", "answer") or name.startswith("p:")])


def _by_chance(tables: Mapping[str, pa.Table], pair: Pair) -> bool:
    """Whether equal answers say nothing of the seed.

    Probabilities of a model are hardly twice the same; answers in words are, and so are those that
    are one of few. Then what was learned, or learned from, must differ.
    """
    answers = _answers(tables[pair[0].identity.run_id]).drop_columns("item")
    kinds = len(answers.group_by(answers.column_names).aggregate([]))
    few = "answer" in answers.column_names or 2 * kinds <= len(answers)
    return few and any(_differ(of(pair[0]), of(pair[1])) for of in (_artifact, _sample, _prompt))


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def _artifact(record: Record) -> str | None:
    return record.artifact_sha256


def _sample(record: Record) -> str | None:
    used = record.budget_used
    return used.read.train_sha256 if used and used.read else None


def _prompt(record: Record) -> str | None:
    return record.asked.whole_sha256 if record.asked else None


def _evidence(planned: Arms, pairs: int, equal: int) -> str:
    counts = dict.fromkeys(
        f"{backbone or 'no backbone'}: {len(runs)}"
        for (backbone, _, _), runs in planned.items() if runs[0].identity.random)
    once = sorted({runs[0].identity.label for runs in planned.values()
                   if not runs[0].identity.random})
    alike = f", {equal} of them alike in few kinds of answers, of unlike fits" if equal else ""
    return (f"Seeds a method: {'; '.join(counts) or 'none'}. {pairs} pairs of seeds answer by "
            f"themselves{alike}."
            + (f" Without randomness, one run: {', '.join(once)}." if once else ""))


def _unknown(done: Sequence[Record], pairs: int) -> str | None:
    if not pairs:
        return "No method has two seeds whose answers could differ."
    if any(_sample(record) is None for record in done):
        return "Not recorded: which items each seed learned from."
    return None
