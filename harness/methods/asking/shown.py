"""What a method will put into its prompts, as far as that is known before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.backbones.prompting.prompts import PromptWriter
from harness.common.kinds import Kind
from harness.tasks.corpus import Corpus
from harness.tasks.examples import Example


@dataclass(frozen=True)
class Asking:
    """What is known of a run's prompts before it runs."""

    writer: PromptWriter
    train: tuple[Example, ...]
    corpus: Corpus | None
    task: Kind
    trials: int
    seed: int
    on_top: bool = False
    """Whether it asks a model that another method tuned."""


@dataclass(frozen=True)
class Shown:
    """What a method puts into a prompt beside the item, at the most."""

    shots: tuple[Example, ...] = ()
    """Worked examples before all items."""
    retrieved: int = 0
    """Tokens of what is found for an item."""
    found: Literal["shots", "passages"] = "shots"
    """What that is."""
