"""What every method may use, and where a backbone departs from it."""

from __future__ import annotations

from pydantic import Field

from harness.common.kinds import Augment, Balance, Ends
from harness.suite.part import Part
from harness.suite.words import Words


class Budget(Part):
    """What every method of a backbone may use."""

    train: int = Field(2000, ge=2)
    validation: int = Field(400, ge=2)
    test: int = Field(1000, ge=2)
    epochs: int = Field(3, ge=1)
    """Passes over the training examples that learning by gradient may always take."""
    steps: int = Field(200, ge=1)
    """Optimiser steps that it may always take: few examples are passed over as often as that
    needs."""
    batch: int = Field(16, ge=1)
    max_length: int = Field(128, ge=8)
    """Tokens of a text that a backbone reads."""
    max_words: int | None = Field(None, ge=2)
    """Words of an item's texts that every method reads, with a backbone or without; None for the
    whole texts."""
    ends: Ends = "head"
    """What of a text with more words is read: its first `max_words`, or a quarter of them and the
    last three quarters (Sun et al. 2019, How to Fine-Tune BERT for Text Classification?, section
    5.3.1: 128 and 382 of 510 tokens)."""
    trials: int = Field(3, ge=1, le=9)
    seeds: int = Field(3, ge=1, le=100)
    balance: tuple[Balance, ...] = Field(("none",), min_length=1)
    """What rare classes may count while a method learns. Each that a method can is tried with every
    setting of its own, for all methods alike; the trials stay as many."""
    augment: Augment = "none"
    """What is changed at random of a picture, anew in each epoch, while a method learns from it:
    mirrored, or a part of it is read, or its place, colours and light are changed, too
    (`vision.variants`). Frozen features are of pictures as they are."""
    patience: int = Field(4, ge=1)
    """Looks at validation in a row without a gain, of more than one standard error, before training
    cools down and stops."""

    @property
    def words(self) -> Words | None:
        """What every method reads of an item; None for all of it."""
        return None if self.max_words is None else Words(self.max_words, self.ends)


class BudgetChange(Part):
    """The fields of a budget that one backbone departs in."""

    train: int | None = Field(None, ge=2)
    validation: int | None = Field(None, ge=2)
    test: int | None = Field(None, ge=2)
    epochs: int | None = Field(None, ge=1)
    steps: int | None = Field(None, ge=1)
    batch: int | None = Field(None, ge=1)
    max_length: int | None = Field(None, ge=8)
    max_words: int | None = Field(None, ge=2)
    """`null` that is written takes the suite's bound away."""
    ends: Ends | None = None
    trials: int | None = Field(None, ge=1, le=9)
    seeds: int | None = Field(None, ge=1, le=100)
    balance: tuple[Balance, ...] | None = Field(None, min_length=1)
    augment: Augment | None = None
    patience: int | None = Field(None, ge=1)

    def of(self, budget: Budget) -> Budget:
        """The budget that departs so from another."""
        said = self.model_dump(exclude_unset=True)
        return budget.model_copy(update={name: value for name, value in said.items()
                                         if value is not None or name == "max_words"})


class RunLimits(Part):
    """Where a single run is stopped. They do not change a result, only whether there is one."""

    minutes: float | None = Field(None, gt=0)
    memory_gib: float | None = Field(None, gt=0)
    """What the run's process may take on Linux beyond the libraries it starts with."""
