"""What arms must share to be ranked together, and which runs are made so that they do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import model_validator

from harness.measure.part import RecordPart
from harness.methods.resolve import Entry
from harness.suite import Budget, Suite

CHANGED = {"none": "as they are", "flip": "mirrored at random", "crop": "cut at random",
           "randaugment": "changed by RandAugment"}
"""By how a budget has pictures changed while a method learns."""


class Matched(RecordPart):
    """Arms with the same learned from the same items, chose by the same, read the same words and
    tried as many settings. None for whole texts, or where an old record lacks it. How many test
    items they answer may differ: every two are compared on those that both did.
    """

    train: int | None
    validation: int | None
    max_words: int | None
    ends: str = "head"
    trials: int | None
    augment: str = "none"

    @model_validator(mode="before")
    @classmethod
    def _of_older(cls, given: Any) -> Any:
        """Files of before had the number of test items, too."""
        return {k: v for k, v in given.items() if k != "test"} if isinstance(given, dict) else given

    def unlike(self, other: Matched) -> tuple[str, ...]:
        """In which it departs from another, for people: what is learned from and read before the
        numbers of items held out, which then are not said."""
        words = "whole texts" if self.max_words is None else f"{self.max_words} words" + (
            "" if self.ends == "head" else ", of both ends")
        said = {
            f"at {self.train} training examples": self.train != other.train,
            f"reading {words}": (self.max_words, self.ends) != (other.max_words, other.ends),
            f"with {self.trials} trials": self.trials != other.trials,
            f"learning with pictures {CHANGED.get(self.augment, self.augment)}":
                self.augment != other.augment}
        held = {
            f"with {self.validation} validation items": self.validation != other.validation}
        return tuple(text for text, differs in (said if any(said.values()) else held).items()
                     if differs)


def matched(budget: Budget | Mapping[str, Any]) -> Matched:
    """What of a budget must be shared."""
    found = budget.model_dump() if isinstance(budget, Budget) else budget
    fields = {name: found.get(name) for name in Matched.model_fields}
    return Matched(**{name: value for name, value in fields.items()
                      if value is not None or Matched.model_fields[name].is_required()})


def own_budget(suite: Suite, entry: Entry) -> Budget:
    """The suite's budget, with what the backbone and then the entry depart in."""
    return entry.budget.of(suite.budget_for(entry.backbone))


def guest_budgets(suite: Suite, entry: Entry) -> Iterator[Budget]:
    """The budgets of other backbones at which a method that is cheap stands beside theirs.

    Cheap is what does not learn by gradient and builds on nothing. It reads by its own backbone's
    window, and answers as many test items as at the suite's own budget where those are more. A
    method with a budget of its own is what it is by that.
    """
    method = entry.method
    builds = entry.inner is not None or method.retriever is not None
    if method.changes_weights or builds or entry.budget.model_fields_set:
        return
    own: Budget = own_budget(suite, entry)
    seen = {matched(suite.budget), matched(own)}
    for backbone in suite.backbones:
        budget = suite.budget_for(backbone)
        if matched(budget) not in seen:
            seen.add(matched(budget))
            yield Budget.model_copy(
                budget, update={"max_length": own.max_length, "batch": own.batch,
                                "test": max(own.test, budget.test)})


def parts_of(suite: Suite, entries: Sequence[Entry]) -> tuple[Matched, ...]:
    """Every matched budget that a method has as its own: the suite's first, then as they come."""
    found = dict.fromkeys(matched(own_budget(suite, entry)) for entry in entries)
    main = matched(suite.budget)
    return (*[main] * (main in found), *(part for part in found if part != main))
