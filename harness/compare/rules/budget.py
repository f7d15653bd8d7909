"""Same budget: what runs used, held against what their budget allows and what others used."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from harness.common.capabilities import HEADED, reads_words
from harness.compare.rule import Rule, judged, run_name, unlike
from harness.study.planning.matched import Matched, matched
from harness.study.record import BudgetUsed, Record
from harness.study.study import Study

TEXT_HEADED = tuple(filter(reads_words, HEADED))
"""Whose inputs have a length in tokens that a budget bounds."""
Used = Sequence[tuple[Record, BudgetUsed]]


def same_budget(study: Study, done: Sequence[Record]) -> Rule:
    """No run learned from more items, took more steps, saw more examples or read longer texts than
    its budget allows; seeds of a method used the same, and so did methods of a backbone."""
    used: Used = [(r, r.budget_used) for r in done if r.budget_used]
    broken = [*_unlike_budgets(done), *_unlike_seeds(used), *_unlike_cuts(used),
              *(f"{run_name(record)}: {fault}" for record, spent in used
                for fault in (*_beyond(record, spent), *_miscounted(record, spent)))]
    unrecorded = len(used) < len(done) or any(
        u.steps and u.examples_seen is None for _, u in used)
    return judged(
        "Same budget", "The same length, steps and batch for every method of a backbone that is "
        "ranked with others; no run used more than that.", broken,
        " ".join(["One budget within each backbone.", *_spent(used), *_departures(study),
                  *_recipes(used)]),
        "No run is done." if not done else
        "Not recorded: how many examples each run saw." if unrecorded else None)


def _unlike_budgets(done: Sequence[Record]) -> Iterator[str]:
    for found in unlike(((r.identity.backbone, matched(r.identity.budget)),
                         str(sorted(_but_for_test(r.identity.budget))), r) for r in done):
        names = [record.identity.name for record in found.values()]
        yield f"{' and '.join(names)} have budgets of their own"


def _but_for_test(budget: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """How many test items are answered is no advantage: pairs are compared on those of both."""
    return ((name, value) for name, value in budget.items() if name != "test")


def _unlike_seeds(used: Used) -> Iterator[str]:
    """Another number of items or of allowed steps with one seed than with another."""
    for found in unlike(
            ((r.identity.backbone, r.identity.label, matched(r.identity.budget)),
             (spent.train_items, spent.validation_items, spent.test_items, spent.steps_allowed), r)
            for r, spent in used):
        yield f"{' and '.join(map(run_name, found.values()))} had other numbers of items or steps"


def _unlike_cuts(used: Used) -> Iterator[str]:
    """One window cuts the same share of the same texts, whatever the method."""
    for found in unlike(((r.identity.backbone, spent.read.words_sha256, spent.max_length),
                         spent.share_cut, r) for r, spent in used if spent.read):
        shares = [f"{run_name(record)} {share or 0:.1%}" for share, record in found.items()]
        yield f"of the same texts, windows cut other shares: {' and '.join(shares)}"


def _beyond(record: Record, used: BudgetUsed) -> Iterator[str]:
    """What is more than the budget allows."""
    budget = record.identity.budget
    longest = used.read.words_longest if used.read else None
    read = {} if longest is None else {"max_words": longest}
    for what, found in ({"train": used.train_items, "validation": used.validation_items,
                         "test": used.test_items, "batch": used.effective_batch,
                         "max_length": used.max_length} | read).items():
        allowed = budget.get(what)
        if isinstance(allowed, int) and found > allowed:
            yield f"{what} {found}, where {allowed} are allowed"
    if used.steps_allowed is not None and used.steps > used.steps_allowed:
        yield f"took {used.steps} steps, where {used.steps_allowed} are allowed"


def _miscounted(record: Record, used: BudgetUsed) -> Iterator[str]:
    """Examples, passes and tokens that do not come of the steps that were taken."""
    if used.examples_seen is None:
        return
    least, most = _examples_in(used)
    if not least <= used.examples_seen <= most:
        wanted = str(most) if least == most else f"{least} to {most}"
        yield (f"saw {used.examples_seen} examples in {used.steps} steps of "
               f"{used.effective_batch}, which hold {wanted}")
    passes = used.steps / math.ceil(_taught(used) / used.effective_batch)
    if used.texts == 1 and not math.isclose(used.epochs_used, passes, abs_tol=1e-9):
        yield f"went {used.epochs_used:.2f} times through its examples, in steps for {passes:.2f}"
    longest = used.examples_seen * used.texts * used.max_length
    if used.tokens_seen < used.examples_seen or (
            record.identity.kind in TEXT_HEADED and used.tokens_seen > longest):
        yield (f"saw {used.tokens_seen} tokens of {used.examples_seen} examples that have at most "
               f"{used.max_length}")


def _examples_in(used: BudgetUsed) -> tuple[int, int]:
    """The least and the most examples that the steps hold: exactly known where examples are the
    training items, whose passes end with what is left of them."""
    batch, steps = used.effective_batch, used.steps
    if used.texts == 1:
        passes, more = divmod(steps, math.ceil(_taught(used) / batch))
        seen = passes * _taught(used) + more * batch
        return seen, seen
    return steps * batch - math.ceil(used.epochs_used) * (batch - 1), steps * batch


def _taught(used: BudgetUsed) -> int:
    """Items that a pass goes through: of the training items those that teach the method."""
    return min(used.taught_items or used.train_items, used.train_items)


def _spent(used: Used) -> Iterator[str]:
    learned = [u for _, u in used if u.steps]
    if learned:
        yield (f"Of those that learn by gradient each took "
               f"{_span([u.steps for u in learned])} steps, none more than allowed, and saw "
               f"{_span([u.examples_seen or 0 for u in learned])} examples and "
               f"{_span([u.tokens_seen for u in learned])} tokens.")


def _span(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return str(most) if least == most else f"{least} to {most}"


def _departures(study: Study) -> Iterator[str]:
    for part in study.parts[1:]:
        yield f"Ranked apart: {', '.join(part.unlike(study.parts[0]))}."
    for backbone in study.backbones:
        changed = [f"{name} {value} (suite: {study.budget[name]})"
                   for name, value in backbone.budget.items() if value != study.budget[name]]
        if changed:
            yield f"{backbone.name} departs in {', '.join(changed)}."
    sizes = sorted({r.identity.train for r in study.records}
                   - {r.identity.train for r in study.whole()})
    if sizes:
        yield (f"Learning curves: the same but for {', '.join(map(str, sizes))} training examples, "
               "each inside the next.")


def _recipes(used: Used) -> Iterator[str]:
    """Methods whose usual recipe has a length of its own."""
    allowed: dict[tuple[str | None, Matched], dict[str, int]] = defaultdict(dict)
    for record, spent in used:
        if spent.steps and spent.steps_allowed is not None:
            arms = allowed[record.identity.backbone, matched(record.identity.budget)]
            arms[record.identity.name] = spent.steps_allowed
    for arms in allowed.values():
        usual = Counter(arms.values()).most_common(1)[0][0]
        for name, most in arms.items():
            if most != usual:
                yield f"{name} has at most {most} steps by its own recipe, others {usual}."
