"""The matching rules on what arms were given and how far they came, from their conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.compare.conditions import Conditions, Mark
from harness.compare.rule import Rule

Found = Mapping[str, Sequence[Conditions]]
"""Conditions of arms that are ranked together, by what they depart in."""

DOUBTED = ("Trained to its end", "Inside its grid", "Above chance")
"""Rules on how far arms came, not on what they were given: data and budgets break them."""


def alike_rules(found: Found) -> tuple[Rule, ...]:
    """Same examples, words, validation and effort; trained to the end, inside the grid, above
    chance. None held where no record says."""
    rows = [row for part in found.values() for row in part]
    read = any(row.told for row in rows)
    ended = any(row.stopped is not None for row in rows)
    return (
        _rule("Same examples", "Arms that are ranked together learned from the same training "
              "items: by the ids that each was given.", found, ("examples",), read,
              _counts(found, "train_items", "training examples")),
        _rule("Same words", "They read the same words: texts are cut once for all of them, and no "
              "window cuts more than a tenth of the texts again.", found, ("words", "cut"), read,
              _words(rows)),
        _rule("Same validation", "They chose on the same validation items, by one metric.", found,
              ("validation", "chosen"), read or ended,
              _counts(found, "validation_items", "validation items")),
        _rule("Same tuning effort", "The same number of trials for every method, over its own "
              "grid; their cost counts.", found, ("trials",), bool(rows),
              f"Settings tried: {_listed({row.trials for row in rows})}; one where there is "
              "nothing to tune, and no more than a grid has."),
        _rule(DOUBTED[0], "Training ends where validation no longer improves, not where "
              "the budget does.", found, ("improving",), ended, "No arm was still improving."),
        _rule(DOUBTED[1], "What was chosen does not lie at the end of what was tried.",
              found, ("edge",), ended, "No arm chose the edge of its grid."),
        _rule(DOUBTED[2], "Every method is better on validation than what answers without reading.",
              found, ("chance",), ended, "All of them are."))


def _rule(name: str, says: str, found: Found, marks: Sequence[Mark], known: bool, held: str
          ) -> Rule:
    unlike = [f"{row.name}{f', {title}' if title else ''}" for title, part in found.items()
              for row in part if set(marks) & set(row.marks)]
    evidence = f"Not so: {'; '.join(unlike)}." if unlike else held
    return Rule(name=name, says=says, held=not unlike if known else None,
                evidence=evidence if known else "The records do not say.")


def _counts(found: Found, field: str, what: str) -> str:
    numbers = [_listed({getattr(row, field) for row in part}) for part in found.values() if part]
    return f"{' and, ranked apart, '.join(numbers)} {what}."


def _words(rows: Sequence[Conditions]) -> str:
    counted = [row.words_longest for row in rows if row.words_longest is not None]
    if not counted:
        return "Pictures are read whole."
    longest = max(counted)
    cut = max((row.share_cut or 0.0 for row in rows), default=0.0)
    return f"At most {longest} words; of which a window cuts at most {cut:.0%} of the texts again."


def _listed(numbers: set[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))
