"""What it costs in certainty that a mean is over items alike, though large groups are rare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.check.finding import Finding
from harness.tasks.examples import Example, SplitName, weights_of
from harness.tasks.splits import Splits
from harness.tasks.spread import kish, spread_among


def check_weights(splits: Splits) -> Iterator[Finding]:
    """The price of test and validation items' weights: how many items and groups of equal weight
    they are worth, by Kish's design effect (Survey Sampling, 1965, section 11.7)."""
    yield from _price("test", splits.test)
    yield from _price("validation", splits.validation)


def _price(part: SplitName, examples: Sequence[Example]) -> Iterator[Finding]:
    weights = weights_of(examples)
    if weights is None:
        return
    found, worth = spread_among(examples), kish(weights)
    yield Finding(
        severity="note", check="weights", count=found.items,
        found=f"a mean over items alike weights the {found.items:,} {part} items of "
              f"{found.groups:,} groups by {weights.min():.2g} to {weights.max():.2g}: they are "
              f"worth {worth:,.0f} items (design effect {found.items / worth:.2f}), or "
              f"{found.effective:,.1f} groups where a group's items are alike",
        suggestion="`count: groups` weights nothing and is surer: its mean is over groups alike "
                   "within a class.")
