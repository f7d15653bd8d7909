"""What a method needs of a backbone, by the form of what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import get_args

from harness.common.capabilities import READS, Abilities, Can, lacking
from harness.common.kinds import BackboneKind, Input, Kind
from harness.targets.kinds import KINDS

WHATEVER: tuple[Input, ...] = get_args(Input)
"""For what reads items by its backbone's processor alone, or not at all."""


@dataclass(frozen=True)
class Needs:
    """Abilities by what is answered; None where it answers no such thing."""

    classes: Abilities | None = None
    numbers: Abilities | None = None
    spans: Abilities | None = None
    words: Abilities | None = None
    alone: bool = False
    """Whether it works without a backbone, and on none."""
    inputs: tuple[Input, ...] = ("text",)
    """What items it can do with."""
    on: Mapping[Input, Needs] = field(default_factory=dict)
    """What it needs instead of a backbone that reads such items."""

    def of(self, read: Input) -> Needs:
        """What it needs where items are such."""
        return self.on.get(read, self)

    def for_task(self, task: Kind) -> Abilities | None:
        """What a task of this kind takes; None where it is not done."""
        return KINDS[task].of(self.classes, self.numbers, self.spans, self.words)

    def and_below(self, also: Can) -> Needs:
        """The same with one ability more, of whatever is answered."""
        def more(wanted: Abilities | None) -> Abilities | None:
            return None if wanted is None else (*wanted, also)

        return replace(self, classes=more(self.classes), numbers=more(self.numbers),
                       spans=more(self.spans), words=more(self.words))

    def met_by(self, backbone: BackboneKind | None, task: Kind) -> bool:
        """Whether a backbone of this kind (None for none) gives all that a task takes."""
        if backbone is None:
            return self.alone and self.for_task(task) is not None
        wanted = self.of(READS[backbone]).for_task(task)
        return (wanted is not None and not self.alone and READS[backbone] in self.inputs
                and not lacking(backbone, wanted))
