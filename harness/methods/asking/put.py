"""What a model that answers a prompt was asked: tokens, as they were put to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from harness.backbones.prompting.options import OptionTree
from harness.backbones.prompting.prompts import PromptWriter
from harness.backbones.prompting.texts import Parts


@dataclass(frozen=True)
class Put:
    """One item's prompt, with the answers that were scored behind it."""

    prompt: Sequence[int]
    answers: OptionTree
    """Without any where the answer is written in words."""
    retrieved: Parts
    """What was found for the item, which stands in the prompt."""


@runtime_checkable
class Prompted(Protocol):
    """A fitted method that answers a prompt."""

    @property
    def writer(self) -> PromptWriter:
        """Writes the prompts, worked examples among them."""

    @property
    def put(self) -> Mapping[str, Put]:
        """By id, the first item of each call of `predict`."""
